import * as z from "zod";
import type { Order } from "../../src/revocation/orders.ts";
import type { Revocable } from "../../src/revocation/revocable.ts";
import type { AdminClient } from "../backend/admin-client.ts";

const reachSchema = z.object({ tokens: z.int(), people: z.int(), clients: z.int(), connections: z.int() });
const known = z.boolean().nullable();
const previewSchema = reachSchema.extend({ known });
const statusSchema = z.object({
  version: z.int(),
  in_effect: z.boolean(),
  waiting_for: z.int(),
  ledgers: z.int(),
  people_still_connected: z.int(),
});
const orderedSchema = statusSchema.extend({ reach: reachSchema.nullable(), known });

/** Tokens that are good now and rest on it, as far as their records have arrived. */
export type Reach = z.output<typeof reachSchema>;
export type Preview = z.output<typeof previewSchema>;
export type OrderStatus = z.output<typeof statusSchema>;

export interface OrderToGive {
  readonly what: Revocable;
  readonly order: Order;
  readonly reason: string;
}

/** Revocations by the admin API. Each may throw CommandError. */
export class Orders {
  readonly #client: Pick<AdminClient, "ask">;

  constructor(client: Pick<AdminClient, "ask">) {
    this.#client = client;
  }

  preview(what: Revocable): Promise<Preview> {
    const body = JSON.stringify({ what });
    return this.#client.ask({ method: "POST", path: "/revocations/preview", body }, previewSchema);
  }

  give(order: OrderToGive): Promise<z.output<typeof orderedSchema>> {
    return this.#client.ask({ method: "POST", path: "/revocations", body: JSON.stringify(order) }, orderedSchema);
  }

  read(version: number): Promise<OrderStatus> {
    return this.#client.ask({ method: "GET", path: `/revocations/${version}` }, statusSchema);
  }
}

import * as z from "zod";
import { accountConnectionSchema } from "../../src/admin/routes/account-connections.ts";
import type { AdminClient } from "../backend/admin-client.ts";

const unreachableSchema = z.array(z.object({ organization: z.string(), principal: z.string() }));
const pageSchema = z.object({
  connections: z.array(accountConnectionSchema),
  unreachable: unreachableSchema,
  after: z.string().nullable(),
});
const endedSchema = z.object({ effective_within_seconds: z.int() });

export type AccountConnection = z.output<typeof accountConnectionSchema>;
export type Ended = z.output<typeof endedSchema>;

export interface Wanted {
  readonly organization?: string | undefined;
  readonly principal?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly resource?: string | undefined;
}

export interface Found {
  readonly connections: readonly AccountConnection[];
  /** Whose vault did not answer. */
  readonly unreachable: z.output<typeof unreachableSchema>;
}

const PATH = "/vault/connections";

/** What people have connected to a running Crossgate, by the admin API. Every method may throw what `AdminClient.ask` throws. */
export class AccountConnections {
  readonly #client: Pick<AdminClient, "ask">;

  constructor(client: Pick<AdminClient, "ask">) {
    this.#client = client;
  }

  async find(wanted: Wanted): Promise<Found> {
    const found = { connections: [] as AccountConnection[], unreachable: [] as Found["unreachable"][number][] };
    for (let after: string | null | undefined; after !== null;) {
      const path = `${PATH}${queryOf({ ...wanted, after })}`;
      const page: z.output<typeof pageSchema> = await this.#client.ask({ method: "GET", path }, pageSchema);
      found.connections.push(...page.connections);
      found.unreachable.push(...page.unreachable);
      ({ after } = page);
    }
    return found;
  }

  end({ organization, principal, kind, connected_to }: AccountConnection): Promise<Ended> {
    const body = JSON.stringify({ organization, principal, kind, connected_to });
    return this.#client.ask({ method: "POST", path: `${PATH}/end`, body }, endedSchema);
  }
}

function queryOf(wanted: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

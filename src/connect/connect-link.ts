import * as z from "zod";
import { LIMITS } from "../limits.ts";
import type { Seal } from "./seal.ts";

const text = z.string().min(1).max(LIMITS.urlBytes);

/** For whom a connection is wanted, and to what: as the call said that lacked it. */
export const wantedSchema = z.strictObject({
  organization: text,
  issuer: text,
  tenant: text.nullable(),
  /** Who alone may make it. */
  principal: text,
  resource: text,
  /** The agent whose call it was. */
  client_id: text,
});

export type WantedConnection = z.output<typeof wantedSchema>;

const linkSchema = wantedSchema.extend({ expires: z.number() });

/**
 * The address that a person is asked to open. It shows nothing and opens nothing: whoever has it must still sign in as
 * the very person it was made for.
 */
export class ConnectLinks {
  readonly #seal: Seal;
  readonly #issuer: string;

  constructor(seal: Seal, issuer: string) {
    this.#seal = seal;
    this.#issuer = issuer;
  }

  async make(wanted: WantedConnection, nowSeconds: number): Promise<string> {
    const link = await this.#seal.seal("link", wanted, nowSeconds + LIMITS.connectLinkSeconds);
    return `${this.#issuer}/connect?link=${link}`;
  }

  async read(link: string, nowSeconds: number): Promise<WantedConnection | "unreadable" | "expired"> {
    const opened = await this.#seal.open("link", link, nowSeconds);
    if (opened === "unreadable" || opened === "expired") return opened;
    const parsed = linkSchema.safeParse(opened);
    if (!parsed.success) return "unreadable";
    const { expires: _, ...wanted } = parsed.data;
    return wanted;
  }
}

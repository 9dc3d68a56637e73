import { Outage } from "../audit/reason.ts";
import { LIMITS } from "../limits.ts";

/**
 * Which MCP server the root form of RFC 9728 metadata may name: the one at this origin, while there is only one. Listing
 * KV costs ten times a read and anyone may ask, so only our own origin is listed, and the answer is kept for a while.
 */
export class OnlyResource {
  readonly #documents: Pick<KVNamespace, "list">;
  readonly #origin: string;
  #known: { readonly identifier: string | null; readonly atMilliseconds: number } | null = null;

  constructor(documents: Pick<KVNamespace, "list">, origin: string) {
    this.#documents = documents;
    this.#origin = origin;
  }

  async find(origin: string): Promise<string | null> {
    if (origin !== this.#origin) return null;
    const now = Date.now();
    if (this.#known === null || now - this.#known.atMilliseconds >= LIMITS.trustDocumentFreshSeconds * 1000) {
      this.#known = { identifier: await this.#list(), atMilliseconds: now };
    }
    return this.#known.identifier;
  }

  async #list(): Promise<string | null> {
    const prefix = "resource:";
    const { keys } = await this.#documents
      .list({ prefix: `${prefix}${this.#origin}/`, limit: 2 })
      .catch((error: unknown) => {
        throw new Outage("trust_unavailable", { cause: error });
      });
    const [only, ...others] = keys;
    return only === undefined || others.length > 0 ? null : only.name.slice(prefix.length);
  }
}

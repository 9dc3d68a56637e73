import { DurableObject } from "cloudflare:workers";

/**
 * What the peer reaches: KV, as a local simulator has it, which is one SQLite object in the same process, and the key
 * set of its identity provider. Real KV is not consistent, and a write to it takes far longer than here.
 */
interface PeerStoresEnv {
  readonly KEY_VALUE: DurableObjectNamespace<KeyValueStore>;
  readonly RECORDS: Readonly<Record<string, string>>;
  readonly KEY_SET: object;
}

type Handler = Required<Pick<ExportedHandler<PeerStoresEnv>, "fetch">>;

const counts = { keyValueReads: 0, keyValueWrites: 0 };

export class KeyValueStore extends DurableObject<PeerStoresEnv> {
  readonly #sql: SqlStorage;

  constructor(context: DurableObjectState, env: PeerStoresEnv) {
    super(context, env);
    this.#sql = context.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER)");
    for (const [key, value] of Object.entries(env.RECORDS)) this.write(key, value, null);
  }

  read(key: string): string | null {
    const query = "SELECT value FROM entry WHERE key = ? AND (expires IS NULL OR expires > ?)";
    const [row] = this.#sql.exec<{ value: string }>(query, key, Date.now());
    return row?.value ?? null;
  }

  write(key: string, value: string, lifetimeSeconds: number | null): void {
    const expires = lifetimeSeconds === null ? null : Date.now() + lifetimeSeconds * 1000;
    this.#sql.exec("INSERT OR REPLACE INTO entry (key, value, expires) VALUES (?, ?, ?)", key, value, expires);
  }
}

/** The runtime's own KV binding speaks to this: GET and PUT of /<key>. */
export const keyValue: Handler = {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const key = decodeURIComponent(pathname.slice(1));
    const store = env.KEY_VALUE.getByName("kv");
    if (request.method === "PUT") {
      counts.keyValueWrites += 1;
      const lifetime = searchParams.get("expiration_ttl");
      await store.write(key, await request.text(), lifetime === null ? null : Number(lifetime));
      return new Response(null);
    }
    counts.keyValueReads += 1;
    const value = await store.read(key);
    return value === null ? new Response(null, { status: 404 }) : new Response(value);
  },
};

export const identityProvider: Handler = {
  fetch: (_request, env) => Response.json(env.KEY_SET),
};

export default { fetch: () => Response.json(counts) } satisfies ExportedHandler<PeerStoresEnv>;

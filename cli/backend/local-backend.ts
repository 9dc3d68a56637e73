import { stat } from "node:fs/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as getWorkerOptions, unstable_readConfig as readConfig } from "wrangler";
import type { FindAuthor } from "../change-author.ts";
import { CommandError } from "../command-error.ts";
import { WRANGLER_CONFIG_PATH } from "../project-paths.ts";
import { endRuntimeWithThisProcess } from "../runtime-guard.ts";
import { lockState } from "../state-lock.ts";
import { AuditIndexMissing, isMissingTable } from "./audit-index-missing.ts";
import { SqlAuditReader } from "./audit-reader.ts";
import { NOTE_SECONDS, noteChanges } from "./change-notes.ts";
import { compareDocumentKeys, parseDocumentKey } from "./document-keys.ts";
import type { Row, StoredDocument, TrustBackend, TrustWrites } from "./trust-backend.ts";

type Store = Awaited<ReturnType<Miniflare["getKVNamespace"]>>;
type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/**
 * The state that `crossgate dev` keeps, opened without the Worker: KV and D1 and none of the ledgers, so that reading
 * needs no lock and may happen while dev runs.
 */
export class LocalBackend implements TrustBackend {
  readonly name: string;
  readonly audit = new SqlAuditReader((sql) => this.query(sql));
  readonly #stateDirectory: string;
  readonly #runtime: Miniflare;
  readonly #kv: Store;
  readonly #database: Database;

  private constructor(stateDirectory: string, opened: { runtime: Miniflare; kv: Store; database: Database }) {
    this.name = `the local state ${stateDirectory}`;
    this.#stateDirectory = stateDirectory;
    this.#runtime = opened.runtime;
    this.#kv = opened.kv;
    this.#database = opened.database;
  }

  /** @throws CommandError when there is no such state */
  static async open(stateDirectory: string): Promise<LocalBackend> {
    await requireState(stateDirectory);
    const runtime = startStores(stateDirectory);
    try {
      const kv = await runtime.getKVNamespace("TRUST_AND_POLICY");
      const database = await runtime.getD1Database("AUDIT_INDEX");
      return new LocalBackend(stateDirectory, { runtime, kv, database });
    } catch (error) {
      await runtime.dispose().catch(() => undefined);
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError(`${stateDirectory} cannot be opened: ${reason}. Name another with --state.`);
    }
  }

  async readDocuments(): Promise<readonly StoredDocument[]> {
    const keys = (await this.#listKeys()).filter((key) => parseDocumentKey(key) !== null);
    const read = await Promise.all(keys.map(async (key) => ({ key, value: await this.#kv.get(key, "text") })));
    return read
      .flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]))
      .toSorted((a, b) => compareDocumentKeys(a.key, b.key));
  }

  async write(writes: TrustWrites, findAuthor: FindAuthor): Promise<void> {
    const unlock = await lockForWriting(this.#stateDirectory);
    try {
      const { put, remove } = writes;
      const notes = await noteChanges(writes, await this.readDocuments(), findAuthor);
      await Promise.all(notes.map(({ key, value }) => this.#kv.put(key, value, { expirationTtl: NOTE_SECONDS })));
      await Promise.all(put.map(({ key, value }) => this.#kv.put(key, value)));
      await Promise.all(remove.map((key) => this.#kv.delete(key)));
    } finally {
      await unlock();
    }
  }

  /** What lies in Durable Objects is reached by the Worker alone. */
  readHealth(): Promise<null> {
    return Promise.resolve(null);
  }

  readSignalStreams(): Promise<null> {
    return Promise.resolve(null);
  }

  async query(sql: string): Promise<readonly Row[]> {
    try {
      return (await this.#database.prepare(sql).all<Row>()).results;
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      throw new AuditIndexMissing(
        `${this.name} has no audit index yet. Run crossgate dev with this --state once, which makes it.`,
      );
    }
  }

  close(): Promise<void> {
    return this.#runtime.dispose();
  }

  async #listKeys(cursor: string | null = null): Promise<string[]> {
    const page = await this.#kv.list({ cursor });
    const names = page.keys.map(({ name }) => name);
    return page.list_complete ? names : [...names, ...(await this.#listKeys(page.cursor))];
  }
}

async function requireState(stateDirectory: string): Promise<void> {
  const found = await stat(stateDirectory).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new CommandError(
    `There is no local state at ${stateDirectory}. Run crossgate dev once, which makes it, or name another with --state; --remote means the deployment.`,
  );
}

function startStores(stateDirectory: string): Miniflare {
  const { workerOptions } = getWorkerOptions({ ...readConfig({ config: WRANGLER_CONFIG_PATH }), secrets: undefined });
  const { kvNamespaces, d1Databases } = workerOptions as Partial<V4WorkerOptions>;
  const stores: V4WorkerOptions = {
    name: "stores",
    modules: true,
    script: "export default { fetch: () => new Response(null, { status: 404 }) }",
    // The same names as in a full Crossgate, under which the state is kept.
    ...(kvNamespaces === undefined ? {} : { kvNamespaces }),
    ...(d1Databases === undefined ? {} : { d1Databases }),
  };
  endRuntimeWithThisProcess();
  return new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new SilentLog(),
      resourcePersistencePath: stateDirectory,
      workers: [stores],
    }),
  );
}

/** What two databases and no Worker have to say is of no use to the user of a command. */
class SilentLog extends Log {
  constructor() {
    super(LogLevel.NONE);
  }
}

async function lockForWriting(stateDirectory: string): Promise<() => Promise<void>> {
  try {
    return await lockState(stateDirectory);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `${error.message}\nIf that is crossgate dev, write the files of its --config directory instead: it applies them as you save them.`,
    );
  }
}

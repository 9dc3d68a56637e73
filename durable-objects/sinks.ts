import { log } from "../src/audit/operator-log.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import type { ArchivedChain, AuditSink, SinkStatus } from "./audit-sink.ts";

const PREFIX = "sink:";

interface SinksOptions {
  readonly documents: Pick<KVNamespace, "list">;
  readonly objects: DurableObjectNamespace<AuditSink>;
  readonly placement: Pick<LedgerPlacement, "jurisdiction">;
}

/** Every sink that a document describes. Each is reached alone: one that fails keeps no news from another. */
export class Sinks {
  readonly #documents: SinksOptions["documents"];
  readonly #objects: DurableObjectNamespace<AuditSink>;
  #names: readonly string[] = [];
  #readAtMilliseconds = Number.NEGATIVE_INFINITY;

  constructor({ documents, objects, placement: { jurisdiction } }: SinksOptions) {
    this.#documents = documents;
    this.#objects = jurisdiction === null ? objects : objects.jurisdiction(jurisdiction);
  }

  /** The archive has news. Never throws: whoever brings them has other work to do. */
  async hear(nowMilliseconds: number): Promise<void> {
    if (nowMilliseconds - this.#readAtMilliseconds > LIMITS.sinkNamesFreshMilliseconds) {
      this.#readAtMilliseconds = nowMilliseconds;
      // KV that does not answer leaves the names as they were.
      this.#names = await this.names().catch(() => this.#names);
    }
    await Promise.all(this.#names.map((name) => this.#tell(name, (sink) => sink.hear())));
  }

  /** @throws what KV throws */
  async meet(archived: readonly ArchivedChain[]): Promise<void> {
    const names = await this.names();
    await Promise.all(names.map((name) => this.#tell(name, (sink) => sink.meet(name, [...archived]))));
  }

  async status(name: string): Promise<SinkStatus | null> {
    return this.#objects
      .getByName(name)
      .status()
      .catch(() => null);
  }

  /** @throws what KV throws */
  async names(): Promise<readonly string[]> {
    const { keys } = await this.#documents.list({ prefix: PREFIX });
    return keys.map(({ name }) => name.slice(PREFIX.length));
  }

  async #tell(name: string, what: (sink: DurableObjectStub<AuditSink>) => Promise<void>): Promise<void> {
    try {
      await what(this.#objects.getByName(name));
    } catch {
      log({ event: "sink_unreachable", sink: name });
    }
  }
}

import { DurableObject } from "cloudflare:workers";
import { log } from "../src/audit/operator-log.ts";
import { parseConfig } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { type Cursor, readOn } from "../src/sinks/archive-reader.ts";
import type { Feeding } from "../src/sinks/send-batch.ts";
import { readSinkSecret } from "../src/sinks/sink-secret.ts";
import { parseTrustDocument } from "../src/trust/documents.ts";
import { retryDelay, SinkUnread, wordOf } from "./sink-failure.ts";
import { SinkDelivery } from "./sink-delivery.ts";
import { SinkTables } from "./sink-tables.ts";
import { DEPLOYMENT, findVault } from "./vault-owner.ts";

/** What the archive has of one ledger with all before it. */
export interface ArchivedChain {
  readonly chain: string;
  readonly sequence: number;
  readonly hash: string | null;
}

export interface SinkStatus {
  readonly cursors: readonly Cursor[];
  /** In a row. */
  readonly failures: number;
  /** Of the last failure, out of a closed set; empty where none was. */
  readonly error: string;
  readonly failedAtMilliseconds: number;
  readonly deliveredAtMilliseconds: number;
  readonly delivered: number;
  /** What the receiver took and said that it threw away. */
  readonly rejected: number;
  /** What was gone from the archive before it could be sent. */
  readonly missed: number;
  /** What this version could not read: it was sent as it is. */
  readonly unread: number;
}

/**
 * Feeds one receiver from the archive, each chain in order. It moves on when the receiver has taken what it was sent and
 * not before, so that a record comes at least once; it has a place of its own in the archive, so that no other sink waits
 * for it; and it never gives up: the archive keeps everything, so being behind costs nothing but time.
 */
export class AuditSink extends DurableObject<Env> {
  readonly #tables: SinkTables;
  readonly #delivery: SinkDelivery;
  /** What the ledgers have said that the archive has; who has slept since is told again. */
  #heads: ReadonlyMap<string, Cursor> = new Map();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#tables = new SinkTables(state.storage.sql);
    this.#delivery = new SinkDelivery({ archive: env.AUDIT_ARCHIVE, storage: state.storage, tables: this.#tables });
  }

  /** The archive has news. Cheap, and may be missed: the next round of upkeep tells `meet` everything. */
  async hear(): Promise<void> {
    if (this.#tables.read("begun") === 0 || (await this.ctx.storage.getAlarm()) !== null) return;
    await this.ctx.storage.setAlarm(Date.now() + LIMITS.sinkDelayMilliseconds);
  }

  /** What there is in the archive: where a new sink begins, and what an old one has to catch up with. */
  async meet(name: string, archived: readonly ArchivedChain[]): Promise<void> {
    const isNew = this.#tables.read("begun") === 0;
    if (isNew) {
      const { begin } = await this.#readSink(name);
      this.ctx.storage.transactionSync(() => {
        this.#tables.write("name", name);
        for (const chain of archived) this.#add(chain.chain, begin === "now" ? chain : null);
        this.#tables.write("begun", 1);
      });
    }
    // A ledger that is newer than the sink is read from its first record.
    for (const { chain } of archived) if (!this.#tables.has(chain)) this.#add(chain, null);
    this.#heads = new Map(archived.map(({ chain, sequence: through, hash }) => [chain, { chain, through, hash }]));
    if (this.#isBehind(archived)) await this.#wake();
  }

  status(): SinkStatus {
    const tables = this.#tables;
    return {
      cursors: tables.cursors(),
      failures: tables.read("failures"),
      error: tables.readText("error"),
      failedAtMilliseconds: tables.read("failed_at"),
      deliveredAtMilliseconds: tables.read("delivered_at"),
      delivered: tables.read("delivered"),
      rejected: tables.read("rejected"),
      missed: tables.read("missed"),
      unread: tables.read("unread"),
    };
  }

  /** Must not throw: an alarm that throws six times is forgotten for good. */
  override async alarm(): Promise<void> {
    try {
      const hasMore = await this.#deliver();
      if (this.#tables.read("failures") > 0) this.#tables.write("failures", 0);
      if (hasMore) await this.ctx.storage.setAlarm(Date.now());
    } catch (error) {
      await this.#retryLater(error);
    }
  }

  #add(chain: string, from: ArchivedChain | null): void {
    if (this.#tables.cursors().length >= LIMITS.sinkChains) return;
    this.#tables.writeCursor({ chain, through: from?.sequence ?? 0, hash: from?.hash ?? null });
  }

  #isBehind(archived: readonly ArchivedChain[]): boolean {
    const through = new Map(this.#tables.cursors().map((cursor) => [cursor.chain, cursor.through]));
    return archived.some(({ chain, sequence }) => (through.get(chain) ?? 0) < sequence);
  }

  async #wake(): Promise<void> {
    if (this.#tables.read("idle_chains") > 0) this.#tables.write("idle_chains", 0);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now());
  }

  /** @returns whether there may be more at once */
  async #deliver(): Promise<boolean> {
    const sink = await this.#readSink(this.#tables.readText("name"));
    if (!sink.enabled) return false;
    const secret = await readSinkSecret(sink, { secrets: this.env, reveal: (...asked) => this.#reveal(...asked) });
    const feeding = { sink, secret, rules: parseConfig(this.env).egress };
    const cursors = this.#inTurn();
    let idle = this.#tables.read("idle_chains");
    let reads = 0;
    for (const [index, cursor] of cursors.entries()) {
      const following = cursors[(index + 1) % cursors.length] ?? cursor;
      let at: Cursor | null = cursor;
      while (at !== null) {
        if (reads >= LIMITS.sinkReadsPerAlarm) {
          this.#leaveOffBefore(at === cursor ? cursor : following, idle);
          return true;
        }
        reads += 1;
        // oxlint-disable-next-line no-await-in-loop -- each chain in order, and what was taken is remembered
        at = await this.#feedFrom(feeding, at).catch((error: unknown) => {
          // A chain that is broken, or a batch that is not taken, holds up no other for good.
          this.#leaveOffBefore(following, 0);
          throw error;
        });
        idle = at === null ? idle + 1 : 0;
      }
      if (idle >= cursors.length) break;
    }
    if (this.#tables.read("idle_chains") > 0) this.#tables.write("idle_chains", 0);
    return false;
  }

  #leaveOffBefore({ chain }: Cursor, idle: number): void {
    this.#tables.write("next_chain", chain);
    this.#tables.write("idle_chains", idle);
  }

  /** Beginning where the last alarm left off: there are more chains than one alarm may read. */
  #inTurn(): readonly Cursor[] {
    const cursors = this.#tables.cursors();
    const next = this.#tables.readText("next_chain");
    const first = Math.max(
      0,
      cursors.findIndex(({ chain }) => chain === next),
    );
    return [...cursors.slice(first), ...cursors.slice(0, first)];
  }

  /** @returns where to go on; null when the archive has nothing after this yet */
  async #feedFrom(feeding: Feeding, at: Cursor): Promise<Cursor | null> {
    const read = await readOn(this.env.AUDIT_ARCHIVE, at);
    if (read.objects === 0) return this.#crossGap(at);
    await this.#delivery.deliver(feeding, at, read);
    return read.cursor;
  }

  /** @returns where to go on behind what the archive lacks; null where nothing is known to be missing */
  async #crossGap(from: Cursor): Promise<Cursor | null> {
    const head = this.#heads.get(from.chain);
    return head === undefined || head.through <= from.through ? null : this.#delivery.crossGap(from, head);
  }

  #reveal(name: string, url: string) {
    const { ledger } = parseConfig(this.env);
    return findVault(this.env.VAULT, ledger, DEPLOYMENT).revealSecret(name, url, true);
  }

  async #readSink(name: string) {
    const text = await this.env.TRUST_AND_POLICY.get(`sink:${name}`);
    if (text === null) throw new SinkUnread("document_missing");
    return parseTrustDocument("sink", { name, text }, parseConfig(this.env).egress);
  }

  async #retryLater(error: unknown): Promise<void> {
    const failures = this.#tables.read("failures") + 1;
    this.#tables.write("failures", failures);
    this.#tables.write("error", wordOf(error));
    this.#tables.write("failed_at", Date.now());
    log({ event: "sink_failed", sink: this.#tables.readText("name"), flaw: wordOf(error), failures: String(failures) });
    // A document that is gone is no reason to go on; the round of upkeep that meets it again is.
    if (error instanceof SinkUnread) return;
    await this.ctx.storage.setAlarm(Date.now() + retryDelay(error, failures));
  }
}

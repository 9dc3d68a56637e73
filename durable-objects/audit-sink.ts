import { DurableObject } from "cloudflare:workers";
import type { AuditEvent } from "../src/audit/audit-event.ts";
import { log } from "../src/audit/operator-log.ts";
import { parseConfig } from "../src/config.ts";
import { FetchFailed } from "../src/egress/bounded-fetch.ts";
import { PostRefused } from "../src/egress/post.ts";
import { LIMITS } from "../src/limits.ts";
import { ArchiveBroken, type Cursor, type ReadBatches, readOn } from "../src/sinks/archive-reader.ts";
import { wants } from "../src/sinks/message.ts";
import { type Feeding, sendBatch } from "../src/sinks/send-batch.ts";
import { SinkMisconfigured } from "../src/sinks/sink-secret.ts";
import { splitBatch } from "../src/sinks/split-batch.ts";
import { DocumentInvalid, parseTrustDocument } from "../src/trust/documents.ts";
import { SinkTables } from "./sink-tables.ts";

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
}

/**
 * Feeds one receiver from the archive, each chain in order. It moves on when the receiver has taken what it was sent and
 * not before, so that a record comes at least once; it has a place of its own in the archive, so that no other sink waits
 * for it; and it never gives up: the archive keeps everything, so being behind costs nothing but time.
 */
export class AuditSink extends DurableObject<Env> {
  readonly #tables: SinkTables;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#tables = new SinkTables(state.storage.sql);
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
    const feeding = { sink, secrets: this.env, rules: parseConfig(this.env).egress };
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
    const read: ReadBatches = await readOn(this.env.AUDIT_ARCHIVE, at);
    if (read.objects === 0) return null;
    await this.#send(feeding, at, read);
    return read.cursor;
  }

  async #send(feeding: Feeding, from: Cursor, { events, cursor }: ReadBatches): Promise<void> {
    const wanted = events.filter((event) => wants(feeding.sink, event));
    for (const part of splitBatch(wanted, feeding.sink.format)) {
      // oxlint-disable-next-line no-await-in-loop -- in order, and not the rest where one is not taken
      const rejected = await sendPart(feeding, from, part);
      this.#count("delivered", part.length);
      this.#tables.write("delivered_at", Date.now());
      if (rejected > 0) this.#count("rejected", rejected);
    }
    this.#tables.writeCursor(cursor);
  }

  #count(name: "delivered" | "rejected", more: number): void {
    this.#tables.write(name, this.#tables.read(name) + more);
  }

  async #readSink(name: string) {
    const text = await this.env.TRUST_AND_POLICY.get(`sink:${name}`);
    if (text === null) throw new SinkUnread("document_missing");
    return parseTrustDocument("sink", { name, text }, parseConfig(this.env).egress);
  }

  async #retryLater(error: unknown): Promise<void> {
    const failures = this.#tables.read("failures") + 1;
    const said = error instanceof PostRefused ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const backoff = LIMITS.sinkRetryMinimumMilliseconds * 2 ** Math.min(failures - 1, 10);
    const delay = Math.min(Math.max(backoff, said), LIMITS.sinkRetryMaximumMilliseconds);
    this.#tables.write("failures", failures);
    this.#tables.write("error", wordOf(error));
    this.#tables.write("failed_at", Date.now());
    log({ event: "sink_failed", sink: this.#tables.readText("name"), flaw: wordOf(error), failures: String(failures) });
    // A document that is gone is no reason to go on; the round of upkeep that meets it again is.
    if (error instanceof SinkUnread) return;
    await this.ctx.storage.setAlarm(Date.now() + delay);
  }
}

async function sendPart(feeding: Feeding, from: Cursor, events: readonly AuditEvent[]): Promise<number> {
  return sendBatch(feeding, { id: await batchId(from, events), events, sentAtMilliseconds: Date.now() });
}

class SinkUnread extends Error {}

/** Out of a closed set and never the text of an error, which may quote what the other side said. */
function wordOf(error: unknown): string {
  if (error instanceof FetchFailed) return error.status === null ? error.flaw : `status_${error.status}`;
  if (error instanceof SinkMisconfigured) return error.flaw;
  if (error instanceof ArchiveBroken) return "archive_broken";
  if (error instanceof DocumentInvalid) return "document_invalid";
  return error instanceof SinkUnread ? "document_missing" : "fault";
}

/** Names these records, whenever they are sent. */
async function batchId({ chain }: Cursor, events: readonly AuditEvent[]): Promise<string> {
  const text = JSON.stringify([chain, ...events.map(({ id }) => id)]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `msg_${new Uint8Array(digest).toHex().slice(0, 32)}`;
}

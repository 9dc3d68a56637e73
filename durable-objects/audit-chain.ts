import { contentOf, genesisOf, hashBatch } from "../src/audit/audit-batch.ts";
import { LIMITS } from "../src/limits.ts";
import type { LedgerTables } from "./ledger-tables.ts";

/** A range of records whose boundaries and hashes are fixed for good. */
export interface CutBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

interface OpenBatch extends CutBatch {
  /** Null while it waits to be sent. */
  sentAtMilliseconds: number | null;
  isConfirmed: boolean;
}

/**
 * The batches that this ledger has cut and the archive has not confirmed: a few rows, each the successor of the one
 * before by its hash. The last that the archive has stays, since the next is chained to it and a checkpoint signs it.
 */
export class AuditChain {
  readonly name: string;
  readonly #sql: SqlStorage;
  readonly #tables: LedgerTables;
  #open: OpenBatch[] = [];
  #head: CutBatch | null;
  #archived: number;

  constructor(name: string, sql: SqlStorage, tables: LedgerTables) {
    this.name = name;
    this.#sql = sql;
    this.#tables = tables;
    sql.exec(`CREATE TABLE IF NOT EXISTS audit_batch
      (last_sequence INTEGER PRIMARY KEY, first_sequence INTEGER NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL)`);
    const batches = [...sql.exec<Stored>("SELECT * FROM audit_batch ORDER BY last_sequence")].map(toBatch);
    this.#archived = tables.readState("archived");
    this.#head = batches.at(-1) ?? null;
    const sentAtMilliseconds = this.#assumeSentAt(Date.now());
    this.#open = batches
      .filter(({ lastSequence }) => lastSequence > this.#archived)
      .map((batch) => ({ ...batch, sentAtMilliseconds, isConfirmed: false }));
  }

  /** Through here the archive has everything. */
  get archived(): number {
    return this.#archived;
  }

  /** Through here every record belongs to a batch. */
  get head(): { readonly sequence: number; readonly hash: string | null } {
    return { sequence: this.#head?.lastSequence ?? 0, hash: this.#head?.hash ?? null };
  }

  /** The last batch that the archive has, with all before it; null while it has none. */
  get archivedHead(): { readonly sequence: number; readonly hash: string } | null {
    const [row] = this.#sql.exec<{ hash: string }>(
      "SELECT hash FROM audit_batch WHERE last_sequence = ?",
      this.#archived,
    );
    return row === undefined ? null : { sequence: this.#archived, hash: row.hash };
  }

  get openBatches(): readonly CutBatch[] {
    return this.#open;
  }

  /** Fixes the next batch: these events, which follow the head. In storage before anybody is sent it. */
  async cut(events: readonly string[]): Promise<CutBatch> {
    const firstSequence = this.head.sequence + 1;
    const lastSequence = this.head.sequence + events.length;
    const previousHash = this.head.hash ?? (await genesisOf(this.name));
    const hash = await hashBatch(previousHash, contentOf(events));
    const batch = { firstSequence, lastSequence, previousHash, hash };
    this.#sql.exec("INSERT INTO audit_batch VALUES (?, ?, ?, ?)", lastSequence, firstSequence, previousHash, hash);
    this.#head = batch;
    this.#open.push({ ...batch, sentAtMilliseconds: null, isConfirmed: false });
    return batch;
  }

  /** What is to be sent: what never was, and the oldest of what was and is not confirmed in time. */
  due(nowMilliseconds: number): readonly CutBatch[] {
    const isLate = (at: number): boolean => nowMilliseconds >= at + this.#patience();
    const waiting = this.#open.filter(({ isConfirmed }) => !isConfirmed);
    const unsent = waiting.filter(({ sentAtMilliseconds }) => sentAtMilliseconds === null);
    const late = waiting.filter(({ sentAtMilliseconds: at }) => at !== null && isLate(at));
    return [...late.slice(0, LIMITS.auditResentBatches), ...unsent];
  }

  /** When the oldest batch will be late, or null when none is open. */
  nextDue(): number | null {
    const [oldest] = this.#open;
    return oldest === undefined ? null : (oldest.sentAtMilliseconds ?? 0) + this.#patience();
  }

  markSent({ lastSequence }: CutBatch, nowMilliseconds: number): void {
    const batch = this.#open.find((one) => one.lastSequence === lastSequence);
    if (batch === undefined) return;
    // Counted in storage: an object that is evicted between two alarms would never back off.
    if (batch.sentAtMilliseconds !== null) {
      this.#tables.writeState("resent", this.#tables.readState("resent") + 1);
      this.#tables.writeState("resent_at", nowMilliseconds);
    }
    batch.sentAtMilliseconds = nowMilliseconds;
  }

  /**
   * The archive has these batches. Only what is ours by its hash counts, and only what leaves no gap moves the
   * watermark. @returns whether it moved
   */
  confirm(confirmed: readonly { readonly lastSequence: number; readonly hash: string }[]): boolean {
    for (const batch of this.#open) {
      const isThis = confirmed.some(
        ({ lastSequence, hash }) => lastSequence === batch.lastSequence && hash === batch.hash,
      );
      batch.isConfirmed ||= isThis;
    }
    const gap = this.#open.findIndex(({ isConfirmed }) => !isConfirmed);
    const done = gap === -1 ? this.#open : this.#open.slice(0, gap);
    const through = done.at(-1)?.lastSequence;
    if (through === undefined) return false;
    this.#sql.exec("DELETE FROM audit_batch WHERE last_sequence < ?", through);
    this.#tables.writeState("archived", through);
    if (this.#tables.readState("resent") > 0) this.#tables.writeState("resent", 0);
    this.#archived = through;
    this.#open = this.#open.slice(done.length);
    return true;
  }

  /**
   * Of batches that were open when this object last slept. Where the queue had failed they never left; where they had
   * been sent again before, they keep their time; else they are due soon, since whoever sleeps often must not start over
   * each time.
   */
  #assumeSentAt(nowMilliseconds: number): number | null {
    if (this.#tables.readState("failures") > 0) return null;
    if (this.#tables.readState("resent") > 0) return this.#tables.readState("resent_at");
    return nowMilliseconds - LIMITS.auditResendMilliseconds + LIMITS.auditDrainDelayMilliseconds;
  }

  #patience(): number {
    const doublings = Math.min(Math.ceil(this.#tables.readState("resent") / LIMITS.auditResentBatches), 10);
    return Math.min(LIMITS.auditResendMilliseconds * 2 ** doublings, LIMITS.auditResendMaximumMilliseconds);
  }
}

type Stored = Record<"last_sequence" | "first_sequence", number> & Record<"previous_hash" | "hash", string>;

function toBatch({ last_sequence, first_sequence, previous_hash, hash }: Stored): CutBatch {
  return { firstSequence: first_sequence, lastSequence: last_sequence, previousHash: previous_hash, hash };
}

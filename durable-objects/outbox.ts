import { LIMITS } from "../src/limits.ts";
import type { LedgerRow, LedgerTables } from "./ledger-tables.ts";

/**
 * The audit records that the archive does not have yet. Storage is the truth: memory holds an unbroken run of them, so
 * that a delivery need not read whole windows, and what is not in it is read from storage.
 */
export class Outbox {
  readonly #tables: LedgerTables;
  #rows: LedgerRow[] = [];
  #bytes = 0;
  #archived: number;
  #last: number;

  constructor(tables: LedgerTables) {
    this.#tables = tables;
    this.#archived = tables.readState("archived");
    this.#last = tables.lastSequence();
  }

  /** How many wait. */
  get pending(): number {
    return Math.max(0, this.#last - this.#archived);
  }

  get last(): number {
    return this.#last;
  }

  nextSequence(): number {
    return this.#last + 1;
  }

  /** To be called in the transaction that writes the row. */
  append(row: LedgerRow): void {
    this.#last = row.sequence;
    const follows = this.#rows.length === 0 || this.#rows.at(-1)?.sequence === row.sequence - 1;
    if (!follows || !this.#hasRoom(row)) return;
    this.#rows.push(row);
    this.#bytes += bytesOf(row);
  }

  /**
   * The records of a range, both ends included, in order.
   * @throws Error when one is missing: numbers without records must never be cut into a batch
   */
  read(first: number, last: number): readonly LedgerRow[] {
    if (!this.#holds(first, last)) this.#keep(this.#tables.readRange(first, last));
    if (!this.#holds(first, last)) throw new Error("an audit record is missing");
    const start = this.#rows[0]?.sequence ?? 0;
    return this.#rows.slice(first - start, last - start + 1);
  }

  /** One record as it is, or null; for whoever only looks. */
  peek(sequence: number): LedgerRow | null {
    const start = this.#rows[0]?.sequence ?? Number.POSITIVE_INFINITY;
    const [row] = sequence >= start ? this.#rows.slice(sequence - start) : this.#tables.readRange(sequence, sequence);
    return row ?? null;
  }

  #holds(first: number, last: number): boolean {
    const start = this.#rows[0]?.sequence ?? Number.POSITIVE_INFINITY;
    return first >= start && last < start + this.#rows.length;
  }

  /** Instead of what was held. An unbroken run, or as much of one as there is. */
  #keep(rows: readonly LedgerRow[]): void {
    const start = rows[0]?.sequence ?? 0;
    this.#rows = rows.filter(({ sequence }, at) => sequence === start + at);
    this.#bytes = this.#rows.reduce((total, row) => total + bytesOf(row), 0);
  }

  markArchived(through: number): void {
    this.#archived = through;
    this.#keep(this.#rows.filter((row) => row.sequence > through));
  }

  #hasRoom(row: LedgerRow): boolean {
    return this.#rows.length < LIMITS.outboxMemoryRows && this.#bytes + bytesOf(row) <= LIMITS.outboxMemoryBytes;
  }
}

/** As V8 holds text that is not Latin-1. */
function bytesOf({ event }: LedgerRow): number {
  return 2 * event.length + 64;
}

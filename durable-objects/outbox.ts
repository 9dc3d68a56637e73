import { LIMITS } from "../src/limits.ts";
import type { LedgerRow, LedgerTables } from "./ledger-tables.ts";

/**
 * The audit records that no queue has taken yet. Storage is the truth: memory holds the first of them, so that a drain
 * need not read whole windows, and is filled from storage again after a restart or past its bound.
 */
export class Outbox {
  readonly #tables: LedgerTables;
  /** The oldest undelivered rows, in order. */
  #rows: LedgerRow[] = [];
  #bytes = 0;
  /** Whether `#rows` is all there is. */
  #isComplete: boolean;
  #delivered: number;
  #last: number;

  constructor(tables: LedgerTables) {
    this.#tables = tables;
    this.#delivered = tables.readState("delivered");
    this.#last = tables.lastSequence();
    this.#isComplete = this.pending === 0;
  }

  get pending(): number {
    return Math.max(0, this.#last - this.#delivered);
  }

  get delivered(): number {
    return this.#delivered;
  }

  nextSequence(): number {
    return this.#last + 1;
  }

  /** To be called in the transaction that writes the row. */
  append(row: LedgerRow): void {
    this.#last = row.sequence;
    if (this.#isComplete && this.#hasRoom(row)) this.#keep(row);
    else this.#isComplete = false;
  }

  read(limit: number): readonly LedgerRow[] {
    if (this.#rows.length === 0 && !this.#isComplete) {
      const rows = this.#tables.readAfter(this.#delivered, LIMITS.outboxRefillRows);
      for (const row of rows) this.#keep(row);
      this.#isComplete = rows.length < LIMITS.outboxRefillRows;
    }
    return this.#rows.slice(0, limit);
  }

  markDelivered(through: number): void {
    this.#tables.writeState("delivered", through);
    this.#delivered = through;
    this.#rows = this.#rows.filter((row) => row.sequence > through);
    this.#bytes = this.#rows.reduce((total, row) => total + bytesOf(row), 0);
  }

  #hasRoom(row: LedgerRow): boolean {
    return this.#rows.length < LIMITS.outboxMemoryRows && this.#bytes + bytesOf(row) <= LIMITS.outboxMemoryBytes;
  }

  #keep(row: LedgerRow): void {
    this.#rows.push(row);
    this.#bytes += bytesOf(row);
  }
}

/** As V8 holds text that is not Latin-1. */
function bytesOf({ event }: LedgerRow): number {
  return 2 * event.length + 64;
}

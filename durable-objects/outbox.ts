import type { LedgerRow, LedgerTables } from "./ledger-tables.ts";

const MEMORY_ROWS = 20_000;

/**
 * The audit records that no queue has taken yet. Storage is the truth: memory holds the first of them, so that a drain
 * need not read whole windows, and is filled from storage again after a restart or past its bound.
 */
export class Outbox {
  readonly #tables: LedgerTables;
  /** The oldest undelivered rows, in order. */
  #rows: LedgerRow[] = [];
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
    if (this.#isComplete && this.#rows.length < MEMORY_ROWS) this.#rows.push(row);
    else this.#isComplete = false;
  }

  read(limit: number): readonly LedgerRow[] {
    if (this.#rows.length === 0 && !this.#isComplete) {
      this.#rows = this.#tables.readAfter(this.#delivered, MEMORY_ROWS);
      this.#isComplete = this.#rows.length < MEMORY_ROWS;
    }
    return this.#rows.slice(0, limit);
  }

  markDelivered(through: number): void {
    this.#tables.writeState("delivered", through);
    this.#delivered = through;
    this.#rows = this.#rows.filter((row) => row.sequence > through);
  }
}

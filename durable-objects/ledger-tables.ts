import { LIMITS } from "../src/limits.ts";

export interface LedgerRow {
  /** Counts the records of one shard without gaps; 0 for a row that holds a consumed identifier and no record. */
  readonly sequence: number;
  readonly event: string;
}

const WINDOW_MILLISECONDS = LIMITS.ledgerWindowSeconds * 1000;

/**
 * The ledger's storage: one table for each window of arrival time, each row a consumed identifier and, in the same row,
 * the audit record of the decision that consumed it. So a redemption costs one written row, and expiry drops a table
 * instead of deleting its rows. A window is dropped when nothing in it can be accepted again and all of it is delivered.
 * Each window is asked by itself: an outage of the queue leaves any number of them, and SQLite takes five SELECTs in one
 * statement here.
 */
export class LedgerTables {
  readonly #sql: SqlStorage;
  /** Numbers of the windows that exist, oldest first. */
  #windows: readonly number[] = [];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS ledger_state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
    this.reload();
  }

  /** Memory follows storage. To be called after a transaction that failed: it may have taken a window back. */
  reload(): void {
    const tables = this.#sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name GLOB 'consumed_[0-9]*'");
    this.#windows = [...tables].map(({ name }) => Number(name.slice("consumed_".length))).toSorted((a, b) => a - b);
  }

  /**
   * @returns the attempt that consumed `key`, or null when nothing in living memory has. Windows past retention wait for
   * delivery alone: looking there as well would make every redemption dearer for as long as the queue is down.
   */
  findAttempt(key: ArrayBuffer, nowMilliseconds: number): string | null {
    for (const window of this.#windows.toReversed()) {
      if (expiryOf(window) <= nowMilliseconds) break;
      const [row] = this.#sql.exec<{ attempt: string }>(`SELECT attempt FROM consumed_${window} WHERE key = ?`, key);
      if (row !== undefined) return row.attempt;
    }
    return null;
  }

  insert(row: LedgerRow & { readonly key: ArrayBuffer; readonly attempt: string }, nowMilliseconds: number): void {
    const window = this.#ensureWindow(nowMilliseconds);
    this.#sql.exec(
      `INSERT INTO consumed_${window} (key, attempt, sequence, event) VALUES (?, ?, ?, ?)`,
      row.key,
      row.attempt,
      row.sequence,
      row.event,
    );
  }

  /** Forgets an identifier that `attempt` consumed without a record; of anybody else, nothing. */
  release(key: ArrayBuffer, attempt: string): void {
    for (const window of this.#windows) {
      this.#sql.exec(`DELETE FROM consumed_${window} WHERE key = ? AND attempt = ? AND sequence = 0`, key, attempt);
    }
  }

  /** Rows after `sequence` in order; the whole of every window is read, so this is for recovery and not for each drain. */
  readAfter(sequence: number, limit: number): LedgerRow[] {
    const waiting = this.#windows
      .flatMap((window) => this.#sequencesAfter(sequence, window, limit))
      .toSorted((a, b) => a - b);
    const through = waiting[Math.min(limit, waiting.length) - 1] ?? sequence;
    return this.#windows
      .flatMap((window) => [
        ...this.#sql.exec<{ sequence: number; event: string }>(
          `SELECT sequence, event FROM consumed_${window} WHERE sequence > ? AND sequence <= ?`,
          sequence,
          through,
        ),
      ])
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Numbers alone, so that rows are read into memory only as far as the limit goes. */
  #sequencesAfter(sequence: number, window: number, limit: number): readonly number[] {
    const query = `SELECT sequence FROM consumed_${window} WHERE sequence > ? ORDER BY sequence LIMIT ?`;
    return [...this.#sql.exec<{ sequence: number }>(query, sequence, limit)].map((row) => row.sequence);
  }

  lastSequence(): number {
    return Math.max(this.readState("sequence_floor"), ...this.#windows.map((window) => this.#lastOf(window)));
  }

  /**
   * Drops the windows that are past retention and delivered through `delivered`. Memory follows last, so that a
   * transaction that fails takes nothing from it. @returns how many remain.
   */
  dropExpired(nowMilliseconds: number, delivered: number): number {
    const expired = this.#windows.filter((window) => nowMilliseconds >= expiryOf(window));
    const dropped = expired.filter((window) => this.#lastOf(window) <= delivered);
    for (const window of dropped) {
      // Sequence numbers never start again, or the archive would take a new record for an old one.
      this.writeState("sequence_floor", Math.max(this.readState("sequence_floor"), this.#lastOf(window)));
      this.#sql.exec(`DROP TABLE consumed_${window}`);
    }
    this.#windows = this.#windows.filter((window) => !dropped.includes(window));
    return this.#windows.length;
  }

  /** When the oldest window may go, or null when there is none. */
  nextExpiry(): number | null {
    const [oldest] = this.#windows;
    return oldest === undefined ? null : expiryOf(oldest);
  }

  readState(name: "delivered" | "sequence_floor" | "failures"): number {
    const [row] = this.#sql.exec<{ value: number }>("SELECT value FROM ledger_state WHERE name = ?", name);
    return row?.value ?? 0;
  }

  writeState(name: "delivered" | "sequence_floor" | "failures", value: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO ledger_state (name, value) VALUES (?, ?)", name, value);
  }

  #ensureWindow(nowMilliseconds: number): number {
    const window = Math.floor(nowMilliseconds / WINDOW_MILLISECONDS);
    if (this.#windows.includes(window)) return window;
    this.#sql.exec(
      `CREATE TABLE consumed_${window} (key BLOB PRIMARY KEY, attempt TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL) WITHOUT ROWID`,
    );
    this.#windows = [...this.#windows, window].toSorted((a, b) => a - b);
    return window;
  }

  #lastOf(window: number): number {
    const [row] = this.#sql.exec<{ last: number | null }>(`SELECT MAX(sequence) AS last FROM consumed_${window}`);
    return row?.last ?? 0;
  }
}

/** Everything that arrived in a window is past retention this long after the window's end. */
function expiryOf(window: number): number {
  return (window + 1) * WINDOW_MILLISECONDS + LIMITS.ledgerRetentionSeconds * 1000;
}

import { LIMITS } from "../src/limits.ts";

export interface LedgerRow {
  /** Counts the records of one shard without gaps; 0 for a row that holds a consumed identifier and no record. */
  readonly sequence: number;
  readonly event: string;
}

export type InsertedRow = LedgerRow & { readonly key: ArrayBuffer; readonly attempt: string };

const WINDOW_MILLISECONDS = LIMITS.ledgerWindowSeconds * 1000;

interface Window {
  readonly number: number;
  /** The sequence that the next record had when the window began: those of a window end where the next one's begin. */
  readonly firstSequence: number;
}

type StateName = "archived" | "sequence_floor" | "failures" | "resent" | "resent_at";

/**
 * The ledger's storage: one table for each window of arrival time, each row a consumed identifier and, in the same row,
 * the audit record of the decision that consumed it. So a redemption costs one written row, and expiry drops a table
 * instead of deleting its rows. A window is dropped when nothing in it can be accepted again and the archive has all of
 * it. Each window is asked by itself: an outage of the archive leaves any number of them, and SQLite takes five SELECTs
 * in one statement here.
 */
export class LedgerTables {
  readonly #sql: SqlStorage;
  /** The windows that exist, oldest first. */
  #windows: readonly Window[] = [];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS ledger_state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
    sql.exec("CREATE TABLE IF NOT EXISTS ledger_window (number INTEGER PRIMARY KEY, first_sequence INTEGER NOT NULL)");
    this.reload();
  }

  /** Memory follows storage. To be called after a transaction that failed: it may have taken a window back. */
  reload(): void {
    const windows = this.#sql.exec<{ number: number; first_sequence: number }>(
      "SELECT number, first_sequence FROM ledger_window ORDER BY number",
    );
    this.#windows = [...windows].map(({ number, first_sequence }) => ({ number, firstSequence: first_sequence }));
  }

  /**
   * @returns the attempt that consumed `key`, or null when nothing in living memory has. Windows past retention wait for
   * the archive alone: looking there as well would make every redemption dearer for as long as it is down.
   */
  findAttempt(key: ArrayBuffer, nowMilliseconds: number): string | null {
    for (const { number } of this.#windows.toReversed()) {
      if (expiryOf(number) <= nowMilliseconds) break;
      const [row] = this.#sql.exec<{ attempt: string }>(`SELECT attempt FROM consumed_${number} WHERE key = ?`, key);
      if (row !== undefined) return row.attempt;
    }
    return null;
  }

  /** `nextSequence` is that of the next record, which this row may be. */
  insert(row: InsertedRow, nextSequence: number, nowMilliseconds: number): void {
    const window = this.#ensureWindow(nextSequence, nowMilliseconds);
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
    for (const { number } of this.#windows) {
      this.#sql.exec(`DELETE FROM consumed_${number} WHERE key = ? AND attempt = ? AND sequence = 0`, key, attempt);
    }
  }

  /** Rows of a range, both ends included, in order. Whole windows are read: for recovery, and not for each delivery. */
  readRange(first: number, last: number): LedgerRow[] {
    const among = this.#windows.filter(
      ({ firstSequence }, at) => firstSequence <= last && (this.#windows[at + 1]?.firstSequence ?? Infinity) > first,
    );
    return among
      .flatMap(({ number }) => [
        ...this.#sql.exec<{ sequence: number; event: string }>(
          `SELECT sequence, event FROM consumed_${number} WHERE sequence >= ? AND sequence <= ?`,
          first,
          last,
        ),
      ])
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Only the newest window has to be searched: of the others it is known where the next begins. */
  lastSequence(): number {
    const newest = this.#windows.at(-1);
    if (newest === undefined) return this.readState("sequence_floor");
    const query = `SELECT MAX(sequence) AS last FROM consumed_${newest.number}`;
    const [row] = this.#sql.exec<{ last: number | null }>(query);
    return Math.max(newest.firstSequence - 1, row?.last ?? 0);
  }

  /**
   * Drops the windows that are past retention and in the archive through `archived`; `last` is the newest record of all.
   * Memory follows last, so that a transaction that fails takes nothing from it. @returns how many remain.
   */
  dropExpired(nowMilliseconds: number, archived: number, last: number): number {
    const dropped = this.#windows.filter(
      ({ number }, at) =>
        nowMilliseconds >= expiryOf(number) && (this.#windows[at + 1]?.firstSequence ?? last + 1) - 1 <= archived,
    );
    // Sequence numbers never start again, or the archive would take a new record for an old one.
    if (dropped.length > 0) this.writeState("sequence_floor", last);
    for (const { number } of dropped) {
      this.#sql.exec(`DROP TABLE consumed_${number}`);
      this.#sql.exec("DELETE FROM ledger_window WHERE number = ?", number);
    }
    this.#windows = this.#windows.filter((window) => !dropped.includes(window));
    return this.#windows.length;
  }

  /** When the oldest window may go, or null when there is none. */
  nextExpiry(): number | null {
    const [oldest] = this.#windows;
    return oldest === undefined ? null : expiryOf(oldest.number);
  }

  readState(name: StateName): number {
    const [row] = this.#sql.exec<{ value: number }>("SELECT value FROM ledger_state WHERE name = ?", name);
    return row?.value ?? 0;
  }

  writeState(name: StateName, value: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO ledger_state (name, value) VALUES (?, ?)", name, value);
  }

  /** Never an older window than the newest, however far the clock goes back: sequences rise from window to window. */
  #ensureWindow(nextSequence: number, nowMilliseconds: number): number {
    const newest = this.#windows.at(-1)?.number ?? 0;
    const number = Math.max(newest, Math.floor(nowMilliseconds / WINDOW_MILLISECONDS));
    if (number === newest) return number;
    this.#sql.exec(
      `CREATE TABLE consumed_${number} (key BLOB PRIMARY KEY, attempt TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL) WITHOUT ROWID`,
    );
    this.#sql.exec("INSERT INTO ledger_window (number, first_sequence) VALUES (?, ?)", number, nextSequence);
    this.#windows = [...this.#windows, { number, firstSequence: nextSequence }];
    return number;
  }
}

/** Everything that arrived in a window is past retention this long after the window's end. */
function expiryOf(window: number): number {
  return (window + 1) * WINDOW_MILLISECONDS + LIMITS.ledgerRetentionSeconds * 1000;
}

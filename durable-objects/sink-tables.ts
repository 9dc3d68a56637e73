import type { Bridge } from "../src/sinks/archive-gap.ts";
import type { Cursor } from "../src/sinks/archive-reader.ts";

/** A place in a chain where the archive lacks what it should have. */
export interface KnownGap {
  readonly sinceMilliseconds: number;
  readonly bridge: Bridge | null;
}

/** Numbers and words that outlive an object that sleeps. */
interface SinkState {
  readonly failures: number;
  readonly delivered: number;
  readonly rejected: number;
  /** What was gone from the archive before it could be sent. */
  readonly missed: number;
  /** What this version could not read, and was sent as it is. */
  readonly unread: number;
  readonly failed_at: number;
  readonly delivered_at: number;
  /** How many chains in a row had nothing, when the last alarm left off. */
  readonly idle_chains: number;
  /** Whether it has been told where to begin. */
  readonly begun: number;
}

type SinkWord = "name" | "error" | "next_chain" | "totals";

/** What a sink remembers: how far it has come in each chain, and how its last attempts went. */
export class SinkTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS cursor (chain TEXT PRIMARY KEY, through INTEGER NOT NULL, hash TEXT) WITHOUT ROWID",
    );
    sql.exec(`CREATE TABLE IF NOT EXISTS gap
      (chain TEXT PRIMARY KEY, since INTEGER NOT NULL, anchor TEXT, through INTEGER, hash TEXT) WITHOUT ROWID`);
    sql.exec("CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID");
  }

  cursors(): readonly Cursor[] {
    return this.#sql
      .exec<Record<"chain" | "hash", string> & { through: number }>("SELECT * FROM cursor ORDER BY chain")
      .toArray();
  }

  has(chain: string): boolean {
    return this.#sql.exec("SELECT 1 FROM cursor WHERE chain = ?", chain).toArray().length > 0;
  }

  writeCursor({ chain, through, hash }: Cursor): void {
    this.#sql.exec("INSERT OR REPLACE INTO cursor (chain, through, hash) VALUES (?, ?, ?)", chain, through, hash);
  }

  findGap(chain: string): KnownGap | null {
    const [row] = this.#sql.exec<StoredGap>("SELECT * FROM gap WHERE chain = ?", chain);
    if (row === undefined) return null;
    const { since: sinceMilliseconds, anchor, through, hash } = row;
    return {
      sinceMilliseconds,
      bridge: anchor === null ? null : { anchor, at: { chain, through: through ?? 0, hash } },
    };
  }

  writeGap(chain: string, { sinceMilliseconds, bridge }: KnownGap): void {
    const { anchor = null, at } = bridge ?? {};
    const [through, hash] = [at?.through ?? null, at?.hash ?? null];
    this.#sql.exec(
      "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?)",
      chain,
      sinceMilliseconds,
      anchor,
      through,
      hash,
    );
  }

  closeGap(chain: string): void {
    this.#sql.exec("DELETE FROM gap WHERE chain = ?", chain);
  }

  add(name: keyof SinkState, more: number): void {
    if (more > 0) this.write(name, this.read(name) + more);
  }

  read(name: keyof SinkState): number {
    return Number(this.#value(name) ?? 0);
  }

  readText(name: SinkWord): string {
    const value = this.#value(name);
    return typeof value === "string" ? value : "";
  }

  write(name: keyof SinkState | SinkWord, value: number | string): void {
    this.#sql.exec("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", name, value);
  }

  #value(name: string): unknown {
    return this.#sql.exec("SELECT value FROM state WHERE name = ?", name).toArray()[0]?.["value"];
  }
}

type StoredGap = Record<"since", number> & Record<"anchor" | "hash", string | null> & { through: number | null };

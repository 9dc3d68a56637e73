import { LIMITS } from "../src/limits.ts";
import { type Fence, isSameFence, joinFences } from "../src/revocation/fence.ts";
import type { FenceUpdate, Position } from "../src/revocation/fence-set.ts";

/** Leave for a ledger to issue for a while. */
export interface Lease {
  readonly ledger: string;
  /** The version that the answer tells it, and the one that it says it has heard. */
  readonly told: number;
  readonly heard: number;
  readonly nowMilliseconds: number;
  readonly untilMilliseconds: number;
}

/** The registry's storage: each fence with the version that changed it last, and each ledger's lease. */
export class RegistryTables {
  readonly #sql: SqlStorage;
  readonly #epoch: string;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS fence
      (name TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, expires_at INTEGER) WITHOUT ROWID`);
    sql.exec("CREATE INDEX IF NOT EXISTS fence_by_version ON fence (version)");
    sql.exec(`CREATE TABLE IF NOT EXISTS lease
      (ledger TEXT PRIMARY KEY, version INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID`);
    sql.exec("CREATE TABLE IF NOT EXISTS registry_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
    sql.exec("INSERT OR IGNORE INTO registry_state (name, value) VALUES ('epoch', ?)", crypto.randomUUID());
    sql.exec("INSERT OR IGNORE INTO registry_state (name, value) VALUES ('version', '0')");
    this.#epoch = this.#readState("epoch");
  }

  get position(): Position {
    return { epoch: this.#epoch, version: Number(this.#readState("version")) };
  }

  find(name: string): Fence | null {
    const [row] = this.#sql.exec<{ state: string }>("SELECT state FROM fence WHERE name = ?", name);
    return row === undefined ? null : (JSON.parse(row.state) as Fence);
  }

  /** Each once. */
  unknown(names: readonly string[]): readonly string[] {
    return [...new Set(names)].filter((name) => this.find(name) === null);
  }

  /** Of a kind, by name, those that stop something first of all. */
  list(prefix: string, limit: number): readonly Fence[] {
    const query = "SELECT state FROM fence WHERE substr(name, 1, ?) = ? ORDER BY version DESC LIMIT ?";
    return [...this.#sql.exec<{ state: string }>(query, prefix.length, prefix, limit)].map(
      ({ state }) => JSON.parse(state) as Fence,
    );
  }

  /** To be called in a transaction. @returns whether anything is now different from before. */
  join(fences: readonly Fence[]): boolean {
    const version = this.position.version + 1;
    const changed = fences.filter((fence) => this.#joinOne(fence, version));
    if (changed.length > 0) this.#writeState("version", String(version));
    return changed.length > 0;
  }

  #joinOne(fence: Fence, version: number): boolean {
    const known = this.find(fence.name);
    const joined = known === null ? fence : joinFences(known, fence);
    if (known !== null && isSameFence(known, joined)) return false;
    this.#sql.exec(
      "INSERT OR REPLACE INTO fence (name, version, state, expires_at) VALUES (?, ?, ?, ?)",
      joined.name,
      version,
      JSON.stringify(joined),
      joined.expiresAtMilliseconds,
    );
    return true;
  }

  /** One page; a page ends where a version ends, or nobody could say what it had heard. */
  since(heard: Position): FenceUpdate {
    const position = this.position;
    const from = heard.epoch === position.epoch ? Math.min(heard.version, position.version) : 0;
    const query = "SELECT version, state FROM fence WHERE version > ? ORDER BY version LIMIT ?";
    const rows = [...this.#sql.exec<{ version: number; state: string }>(query, from, LIMITS.fencesPerUpdate)];
    const isLast = rows.length < LIMITS.fencesPerUpdate;
    const last = rows.at(-1)?.version ?? from;
    const whole = isLast ? rows : rows.filter(({ version }) => version < last);
    return {
      epoch: position.epoch,
      from,
      version: isLast ? position.version : last - 1,
      fences: whole.map(({ state }) => JSON.parse(state) as Fence),
      isLast,
    };
  }

  /** To be called in a transaction. @returns the names that are no longer there. */
  dropExpired(nowMilliseconds: number): readonly string[] {
    this.#sql.exec("DELETE FROM lease WHERE until <= ?", nowMilliseconds);
    const query = "DELETE FROM fence WHERE expires_at <= ? RETURNING name";
    return [...this.#sql.exec<{ name: string }>(query, nowMilliseconds)].map(({ name }) => name);
  }

  nextExpiry(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT MIN(expires_at) AS at FROM fence").one().at;
  }

  /**
   * Longer than before or as long as before, never shorter: a ledger relies on the longest that it was given. While an
   * older lease lasts, it still issues by what it had heard until this answer has reached it, which it may never do; so
   * it counts as knowing what it says, and what it is told only where it had no lease to issue by.
   */
  lease({ ledger, told, heard, nowMilliseconds, untilMilliseconds }: Lease): void {
    this.#sql.exec(
      `INSERT INTO lease (ledger, version, until) VALUES (?1, ?2, ?5)
       ON CONFLICT (ledger) DO UPDATE SET
         version = CASE WHEN until > ?4 THEN MAX(version, ?3) ELSE ?2 END, until = MAX(until, ?5)`,
      ledger,
      told,
      heard,
      nowMilliseconds,
      untilMilliseconds,
    );
  }

  acknowledge(ledger: string, version: number): void {
    this.#sql.exec("UPDATE lease SET version = MAX(version, ?) WHERE ledger = ?", version, ledger);
  }

  /** The ledgers that may still issue by what was true before `version`. */
  waitingFor(version: number, nowMilliseconds: number): readonly string[] {
    const query = "SELECT ledger FROM lease WHERE version < ? AND until > ?";
    return [...this.#sql.exec<{ ledger: string }>(query, version, nowMilliseconds)].map(({ ledger }) => ledger);
  }

  leases(nowMilliseconds: number): number {
    return this.#sql
      .exec<{ leases: number }>("SELECT COUNT(*) AS leases FROM lease WHERE until > ?", nowMilliseconds)
      .one().leases;
  }

  #readState(name: "epoch" | "version"): string {
    return this.#sql.exec<{ value: string }>("SELECT value FROM registry_state WHERE name = ?", name).one().value;
  }

  #writeState(name: "version", value: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO registry_state (name, value) VALUES (?, ?)", name, value);
  }
}

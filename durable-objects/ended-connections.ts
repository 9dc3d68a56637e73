import { LIMITS } from "../src/limits.ts";
import { type EndedSignIns, endedSignInsOf } from "../src/revocation/ended-sign-ins.ts";
import type { Fence } from "../src/revocation/fence.ts";
import { backoffMilliseconds } from "./backoff.ts";

interface Due extends EndedSignIns {
  readonly failures: number;
}

type DueRow = { name: string; through: number; failures: number };

/** Ends what a person has connected. To be repeated until it returns. @throws when it could not be done */
type End = (ended: EndedSignIns) => Promise<unknown>;

/**
 * Whose connections are still to be ended, written with the revocation itself: neither a vault that does not answer nor
 * a restart in between leaves one behind. A name has one row, and no more names are here than there are fences.
 */
export class EndedConnections {
  readonly #sql: SqlStorage;
  readonly #end: End;

  constructor(sql: SqlStorage, end: End) {
    this.#sql = sql;
    this.#end = end;
    sql.exec(`CREATE TABLE IF NOT EXISTS ended_connection (name TEXT PRIMARY KEY, through INTEGER NOT NULL,
      version INTEGER NOT NULL, failures INTEGER NOT NULL, due_at INTEGER NOT NULL) WITHOUT ROWID`);
    sql.exec("CREATE INDEX IF NOT EXISTS ended_connection_by_time ON ended_connection (due_at)");
  }

  /** To be called in the transaction that joins the fences. Who already waits still waits as of the earlier version. */
  add(fences: readonly Fence[], version: number, nowMilliseconds: number): readonly EndedSignIns[] {
    const added = fences.map((fence) => endedSignInsOf(fence)).filter((ended) => ended !== null);
    for (const { name, throughMilliseconds } of added) {
      this.#sql.exec(
        `INSERT INTO ended_connection (name, through, version, failures, due_at) VALUES (?1, ?2, ?3, 0, ?4)
         ON CONFLICT (name) DO UPDATE SET through = MAX(through, ?2), failures = 0, due_at = ?4`,
        name,
        throughMilliseconds,
        version,
        nowMilliseconds,
      );
    }
    return added;
  }

  /** How many people of this version, or of one before it, still have connections. */
  waiting(version: number): number {
    const query = "SELECT COUNT(*) AS count FROM ended_connection WHERE version <= ?";
    return this.#sql.exec<{ count: number }>(query, version).one().count;
  }

  nextDue(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM ended_connection").one().at;
  }

  /** For the alarm: as many at a time as one order may name. Never throws. */
  async endDue(nowMilliseconds: number): Promise<void> {
    const query = "SELECT name, through, failures FROM ended_connection WHERE due_at <= ? ORDER BY due_at LIMIT ?";
    const rows = [...this.#sql.exec<DueRow>(query, nowMilliseconds, LIMITS.fencesPerOrder)];
    const due = rows.map(({ name, through, failures }) => ({ name, throughMilliseconds: through, failures }));
    await Promise.all(due.map((one) => this.#try(one)));
  }

  /** Those that were just added. Never throws. */
  async endNow(added: readonly EndedSignIns[]): Promise<void> {
    await Promise.all(added.map((ended) => this.#try({ ...ended, failures: 0 })));
  }

  async #try({ failures, ...ended }: Due): Promise<void> {
    const { name, throughMilliseconds } = ended;
    try {
      await this.#end(ended);
      // Unless more of it was ended meanwhile.
      const done = "DELETE FROM ended_connection WHERE name = ? AND through <= ?";
      this.#sql.exec(done, name, throughMilliseconds);
    } catch {
      const again = Date.now() + backoffMilliseconds(failures + 1);
      const failed = "UPDATE ended_connection SET failures = ?, due_at = ? WHERE name = ?";
      this.#sql.exec(failed, failures + 1, again, name);
    }
  }
}

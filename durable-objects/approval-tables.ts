import type { Approval, ApprovalState, HeldCall } from "../src/approval/approval.ts";
import type { AuditEvent } from "../src/audit/audit-event.ts";

const TABLES = [
  `CREATE TABLE IF NOT EXISTS approval (id TEXT PRIMARY KEY, key TEXT NOT NULL, principal TEXT NOT NULL, state TEXT NOT NULL,
     call TEXT NOT NULL, asked_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, window INTEGER NOT NULL, decided_by TEXT,
     attempt TEXT) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS approval_by_key ON approval (key)",
  "CREATE INDEX IF NOT EXISTS approval_by_expiry ON approval (expires_at)",
  "CREATE TABLE IF NOT EXISTS event (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL)",
];

type Row = {
  readonly id: string;
  readonly key: string;
  readonly principal: string;
  readonly state: ApprovalState;
  readonly call: string;
  readonly asked_at: number;
  readonly expires_at: number;
  readonly window: number;
  readonly decided_by: string | null;
  readonly attempt: string | null;
};

export interface StoredApproval extends Approval {
  /** Of an approval that has been used: by which attempt. */
  readonly attemptId: string | null;
  readonly windowMilliseconds: number;
}

/** The desk's storage. Every change is a statement; what makes a transaction of several is the desk's affair. */
export class ApprovalTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of TABLES) sql.exec(statement);
  }

  find(id: string): StoredApproval | null {
    return this.#rows("SELECT * FROM approval WHERE id = ?", id)[0] ?? null;
  }

  /** What still stands for this key: pending, approved or denied, and not yet out of time. */
  findLive(key: string, now: number): StoredApproval | null {
    const query =
      "SELECT * FROM approval WHERE key = ? AND state IN ('pending', 'approved', 'denied') AND expires_at > ?";
    return this.#rows(query, key, now)[0] ?? null;
  }

  findConsumed(key: string, attemptId: string): StoredApproval | null {
    const query = "SELECT * FROM approval WHERE key = ? AND state = 'consumed' AND attempt = ?";
    return this.#rows(query, key, attemptId)[0] ?? null;
  }

  /** Of everybody, where no principal is named. */
  countLive(now: number, principal: string | null = null): number {
    const live =
      "SELECT count(*) AS number FROM approval WHERE state IN ('pending', 'approved', 'denied') AND expires_at > ?";
    const [row] =
      principal === null
        ? this.#sql.exec<{ number: number }>(live, now)
        : this.#sql.exec<{ number: number }>(`${live} AND principal = ?`, now, principal);
    return row?.number ?? 0;
  }

  listPending(now: number, limit: number): readonly StoredApproval[] {
    const query = "SELECT * FROM approval WHERE state = 'pending' AND expires_at > ? ORDER BY asked_at, id LIMIT ?";
    return this.#rows(query, now, limit);
  }

  insert({ id, key, call, askedAtMilliseconds, expiresAtMilliseconds, windowMilliseconds }: StoredApproval): void {
    const statement = `INSERT INTO approval (id, key, principal, state, call, asked_at, expires_at, window)
      VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)`;
    const times = [askedAtMilliseconds, expiresAtMilliseconds, windowMilliseconds];
    this.#sql.exec(statement, id, key, call.principal, JSON.stringify(call), ...times);
  }

  decide(id: string, { state, by, expiresAt }: { state: ApprovalState; by: string; expiresAt: number }): void {
    const statement = "UPDATE approval SET state = ?, decided_by = ?, expires_at = ? WHERE id = ?";
    this.#sql.exec(statement, state, by, expiresAt, id);
  }

  /** What was sealed for an approver to read is of no more use to anybody. */
  end(approval: StoredApproval, state: ApprovalState, attemptId: string | null): void {
    const call: HeldCall = { ...approval.call, sealedCall: null };
    const statement = "UPDATE approval SET state = ?, attempt = ?, call = ? WHERE id = ?";
    this.#sql.exec(statement, state, attemptId, JSON.stringify(call), approval.id);
  }

  /** Those that nobody decided or used in time. */
  findOverdue(now: number, limit: number): readonly StoredApproval[] {
    const query = "SELECT * FROM approval WHERE state IN ('pending', 'approved') AND expires_at <= ? LIMIT ?";
    return this.#rows(query, now, limit);
  }

  forgetBefore(time: number): void {
    this.#sql.exec("DELETE FROM approval WHERE state NOT IN ('pending', 'approved') AND expires_at <= ?", time);
  }

  /** When the next one is out of time, or has been over for long enough to be forgotten; null where there is none. */
  nextDue(retentionMilliseconds: number): number | null {
    const query = `SELECT min(CASE WHEN state IN ('pending', 'approved') THEN expires_at ELSE expires_at + ? END) AS due
      FROM approval`;
    const [row] = this.#sql.exec<{ due: number | null }>(query, retentionMilliseconds);
    return row?.due ?? null;
  }

  appendEvent(event: AuditEvent): void {
    this.#sql.exec("INSERT INTO event (event) VALUES (?)", JSON.stringify(event));
  }

  readEvents(limit: number): readonly { readonly sequence: number; readonly event: AuditEvent }[] {
    const query = "SELECT sequence, event FROM event ORDER BY sequence LIMIT ?";
    const rows = this.#sql.exec<{ sequence: number; event: string }>(query, limit);
    return [...rows].map(({ sequence, event }) => ({ sequence, event: JSON.parse(event) as AuditEvent }));
  }

  removeEvent(sequence: number): void {
    this.#sql.exec("DELETE FROM event WHERE sequence = ?", sequence);
  }

  countEvents(): number {
    const [row] = this.#sql.exec<{ number: number }>("SELECT count(*) AS number FROM event");
    return row?.number ?? 0;
  }

  #rows(query: string, ...bindings: (string | number)[]): readonly StoredApproval[] {
    return [...this.#sql.exec<Row>(query, ...bindings)].map((row) => ({
      id: row.id,
      key: row.key,
      state: row.state,
      call: JSON.parse(row.call) as HeldCall,
      askedAtMilliseconds: row.asked_at,
      expiresAtMilliseconds: row.expires_at,
      windowMilliseconds: row.window,
      decidedBy: row.decided_by,
      attemptId: row.attempt,
    }));
  }
}

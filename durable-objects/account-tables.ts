import type { SubjectKey } from "../src/policy/subject-key.ts";
import type { Account, Binding, BoundBy } from "../src/trust/account.ts";
import { spellSamlNameId } from "../src/trust/saml-name-id.ts";

export type IdentifierKind = "email" | "saml_nameid";
const TABLES = [
  "CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS identifier (kind TEXT, value TEXT, account TEXT NOT NULL, PRIMARY KEY (kind, value)) WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS identifier_by_account ON identifier (account)",
  // A tenant that is absent is the empty text, which no tenant is.
  `CREATE TABLE IF NOT EXISTS binding (issuer TEXT, tenant TEXT, sub TEXT, account TEXT NOT NULL, bound_by TEXT NOT NULL,
     bound_at INTEGER NOT NULL, PRIMARY KEY (issuer, tenant, sub)) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS binding_by_account ON binding (account, issuer, tenant)",
];

/** The directory's storage. Texts compare byte for byte, as SQLite does by default. */
export class AccountTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of TABLES) sql.exec(statement);
  }

  find(id: string): Account | null {
    const [row] = this.#sql.exec<{ document: string }>("SELECT document FROM account WHERE id = ?", id);
    return row === undefined ? null : (JSON.parse(row.document) as Account);
  }

  /** By id, in the order of bytes. */
  list(after: string, limit: number): Account[] {
    const query = "SELECT document FROM account WHERE id > ? ORDER BY id LIMIT ?";
    return [...this.#sql.exec<{ document: string }>(query, after, limit)].map(
      (row) => JSON.parse(row.document) as Account,
    );
  }

  findByIdentifier(kind: IdentifierKind, value: string): string | null {
    const query = "SELECT account FROM identifier WHERE kind = ? AND value = ?";
    const [row] = this.#sql.exec<{ account: string }>(query, kind, value);
    return row?.account ?? null;
  }

  findBySubject({ issuer, tenant, sub }: SubjectKey): string | null {
    const query = "SELECT account FROM binding WHERE issuer = ? AND tenant = ? AND sub = ?";
    const [row] = this.#sql.exec<{ account: string }>(query, issuer, tenant ?? "", sub);
    return row?.account ?? null;
  }

  /** Whether some subject of this issuer and tenant is this account already. */
  hasSubjectAt(account: string, { issuer, tenant }: SubjectKey): boolean {
    const query = "SELECT 1 AS one FROM binding WHERE account = ? AND issuer = ? AND tenant = ? LIMIT 1";
    return [...this.#sql.exec(query, account, issuer, tenant ?? "")].length > 0;
  }

  bindingsOf(account: string): Binding[] {
    const query =
      "SELECT issuer, tenant, sub, bound_by, bound_at FROM binding WHERE account = ? ORDER BY issuer, tenant, sub";
    const rows = this.#sql.exec<{ issuer: string; tenant: string; sub: string; bound_by: BoundBy; bound_at: number }>(
      query,
      account,
    );
    return [...rows].map(({ issuer, tenant, sub, bound_by, bound_at }) => ({
      issuer,
      tenant: tenant === "" ? null : tenant,
      sub,
      boundBy: bound_by,
      boundAtMilliseconds: bound_at,
    }));
  }

  bind({ issuer, tenant, sub }: SubjectKey, account: string, { boundBy, nowMilliseconds }: Bound): void {
    const statement =
      "INSERT INTO binding (issuer, tenant, sub, account, bound_by, bound_at) VALUES (?, ?, ?, ?, ?, ?)";
    this.#sql.exec(statement, issuer, tenant ?? "", sub, account, boundBy, nowMilliseconds);
  }

  unbind({ issuer, tenant, sub }: SubjectKey): boolean {
    const statement = "DELETE FROM binding WHERE issuer = ? AND tenant = ? AND sub = ?";
    return this.#sql.exec(statement, issuer, tenant ?? "", sub).rowsWritten > 0;
  }

  /** The document and what it is found by; bindings stay as they are. The identifiers must be free. */
  put(account: Account): void {
    this.#sql.exec("DELETE FROM identifier WHERE account = ?", account.account);
    const document = JSON.stringify(account);
    this.#sql.exec("INSERT OR REPLACE INTO account (id, document) VALUES (?, ?)", account.account, document);
    for (const { kind, value } of identifiersOf(account)) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO identifier (kind, value, account) VALUES (?, ?, ?)",
        kind,
        value,
        account.account,
      );
    }
  }

  remove(id: string): boolean {
    this.#sql.exec("DELETE FROM identifier WHERE account = ?", id);
    this.#sql.exec("DELETE FROM binding WHERE account = ?", id);
    return this.#sql.exec("DELETE FROM account WHERE id = ?", id).rowsWritten > 0;
  }
}

interface Bound {
  readonly boundBy: BoundBy;
  readonly nowMilliseconds: number;
}

export function identifiersOf({
  emails,
  saml_nameids,
}: Account): readonly { readonly kind: IdentifierKind; readonly value: string }[] {
  return [
    ...emails.map((value) => ({ kind: "email", value }) as const),
    ...saml_nameids.map((nameId) => ({ kind: "saml_nameid", value: spellSamlNameId(nameId) }) as const),
  ];
}

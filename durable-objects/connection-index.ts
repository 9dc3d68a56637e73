import type { VaultOwner } from "./vault-owner.ts";

/** A person as his provider calls him. */
export interface ConnectedSubject {
  readonly issuer: string;
  readonly tenant: string | null;
  readonly sub: string;
}

/** Whose connections are to end. A tenant that is not given is whichever. */
export type WhoIsForgotten =
  | { readonly principal: string }
  | { readonly issuer: string; readonly sub: string; readonly tenant?: string | undefined };

/** Whom to list; null: whoever. */
export interface ListedPeople {
  readonly organization: string | null;
  readonly principal: string | null;
  readonly issuer: string | null;
  readonly sub: string | null;
  /** The last one of the page before. */
  readonly after: VaultOwner | null;
}

export interface ConnectedPerson extends VaultOwner {
  /** As they signed in, by each provider that they connected something with. */
  readonly subjects: readonly ConnectedSubject[];
}

const TABLE = `CREATE TABLE IF NOT EXISTS connected (issuer TEXT, sub TEXT, tenant TEXT, organization TEXT NOT NULL,
  owner TEXT NOT NULL, PRIMARY KEY (issuer, sub, tenant, organization, owner)) WITHOUT ROWID`;
const BY_OWNER = "CREATE INDEX IF NOT EXISTS connected_by_owner ON connected (owner, organization)";

/**
 * Who has ever connected something: a revocation names people by their provider's word, and no vault can be listed. Nobody
 * is taken out again: what is being kept at that moment could not be found by the next revocation.
 */
export class ConnectionIndex {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of [TABLE, BY_OWNER]) this.#sql.exec(statement);
  }

  add({ organization, owner }: VaultOwner, { issuer, tenant, sub }: ConnectedSubject): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO connected (issuer, sub, tenant, organization, owner) VALUES (?, ?, ?, ?, ?)",
      issuer,
      sub,
      spellTenant(tenant),
      organization,
      owner,
    );
  }

  find(who: WhoIsForgotten): VaultOwner[] {
    const select = "SELECT DISTINCT organization, owner FROM connected WHERE";
    if ("principal" in who) return this.#owners(`${select} owner = ?`, who.principal);
    if (who.tenant === undefined) return this.#owners(`${select} issuer = ? AND sub = ?`, who.issuer, who.sub);
    const condition = "issuer = ? AND sub = ? AND tenant = ?";
    return this.#owners(`${select} ${condition}`, who.issuer, who.sub, spellTenant(who.tenant));
  }

  /** A page, by principal: everybody who has connected something, and some who have nothing any more. */
  list({ organization, principal, issuer, sub, after }: ListedPeople, limit: number): ConnectedPerson[] {
    const found = this.#sql.exec<{ organization: string; owner: string; subjects: string }>(
      `SELECT organization, owner, json_group_array(json_array(issuer, tenant, sub)) AS subjects FROM connected
       WHERE (owner, organization) > (?1, ?2) AND (?3 IS NULL OR organization = ?3) AND (?4 IS NULL OR owner = ?4)
         AND (?5 IS NULL OR issuer = ?5) AND (?6 IS NULL OR sub = ?6)
       GROUP BY owner, organization ORDER BY owner, organization LIMIT ?7`,
      after?.owner ?? "",
      after?.organization ?? "",
      organization,
      principal,
      issuer,
      sub,
      limit,
    );
    return [...found].map(({ subjects, ...owner }) => ({ ...owner, subjects: readSubjects(subjects) }));
  }

  #owners(query: string, ...bindings: readonly string[]): VaultOwner[] {
    return [...this.#sql.exec<{ organization: string; owner: string }>(query, ...bindings)];
  }
}

/** None and an empty one are two. */
function spellTenant(tenant: string | null): string {
  return tenant === null ? "" : `t${tenant}`;
}

function readSubjects(text: string): ConnectedSubject[] {
  const subjects = JSON.parse(text) as [string, string, string][];
  return subjects.map(([issuer, tenant, sub]) => ({ issuer, tenant: readTenant(tenant), sub }));
}

function readTenant(spelled: string): string | null {
  return spelled === "" ? null : spelled.slice(1);
}

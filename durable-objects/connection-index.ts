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

const TABLE = `CREATE TABLE IF NOT EXISTS connected (issuer TEXT, sub TEXT, tenant TEXT, organization TEXT NOT NULL,
  owner TEXT NOT NULL, PRIMARY KEY (issuer, sub, tenant, organization, owner)) WITHOUT ROWID`;
const BY_OWNER = "CREATE INDEX IF NOT EXISTS connected_by_owner ON connected (owner, organization)";

/** Who has connected something at all: a revocation names people by their provider's word, and no vault can be listed. */
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

  remove({ organization, owner }: VaultOwner): void {
    this.#sql.exec("DELETE FROM connected WHERE organization = ? AND owner = ?", organization, owner);
  }

  #owners(query: string, ...bindings: readonly string[]): VaultOwner[] {
    return [...this.#sql.exec<{ organization: string; owner: string }>(query, ...bindings)];
  }
}

/** None and an empty one are two. */
function spellTenant(tenant: string | null): string {
  return tenant === null ? "" : `t${tenant}`;
}

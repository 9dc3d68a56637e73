import type { Egress } from "../src/egress/exchange.ts";
import { refreshTokenGrant } from "../src/oauth-client/grants.ts";
import { expiryOfIdToken } from "../src/oauth-client/id-token.ts";
import { OAuthFailure } from "../src/oauth-client/oauth-failure.ts";
import { requestToken } from "../src/oauth-client/token-request.ts";
import type { IssuedToken } from "../src/oauth-client/token-response.ts";
import { asLost, isFresh, isReplaceable, type KeptGrant, readKeptGrant } from "../src/vault/kept-grant.ts";
import { endOf, refused, unavailable } from "./acquisition.ts";
import type { KnownServers } from "./known-servers.ts";
import type { OwnClients } from "./own-clients.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { RecordKind, VaultRecords } from "./vault-records.ts";

/** A grant of a person's, or his identity at his provider. */
export interface GrantName {
  readonly owner: VaultOwner;
  readonly kind: Extract<RecordKind, "identity" | "grant">;
  /** Our identifier of the MCP server; of an identity, the provider's issuer. */
  readonly id: string;
}

export interface CurrentGrant {
  readonly grant: KeptGrant;
  readonly kid: string;
}

interface Use {
  /** The MCP server that it is used for, whose secrets may be used. */
  readonly resource: string;
  readonly isRefused: boolean;
}

interface Parts {
  readonly records: VaultRecords;
  readonly clients: OwnClients;
  readonly servers: KnownServers;
  readonly egress: Egress;
}

/**
 * Grants with their refresh tokens, each used by one at a time. Before a refresh token is sent that the server may
 * replace, the record says so; whatever stops us before the answer has been kept leaves it said, and the person has to
 * connect again.
 */
export class KeptGrants {
  readonly #parts: Parts;
  readonly #flights = new Map<string, Promise<CurrentGrant>>();
  /** Counts whatever is kept or forgotten: what a flight brings from before is nobody's any more. */
  #changes = 0;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async keep(name: GrantName, upstream: string, grant: KeptGrant): Promise<"kept" | "keys_unavailable"> {
    const put = await this.#change(() => this.#put(name, upstream, grant));
    return put === "keys_unavailable" ? put : "kept";
  }

  /** @returns how many there were */
  async forgetAll(names: readonly GrantName[]): Promise<number> {
    const removed = await this.#change(() => Promise.all(names.map((name) => this.#parts.records.remove(name))));
    return removed.filter(Boolean).length;
  }

  /** Who asks from now on waits for it; who asked before can write nothing any more. */
  #change<Result>(change: () => Promise<Result>): Promise<Result> {
    this.#changes += 1;
    this.#flights.clear();
    const changed = change();
    this.#changing = Promise.allSettled([this.#changing, changed]);
    return changed;
  }

  /** With a token that is fresh, or a refresh token alone where no token comes with it. @throws AcquisitionEnded */
  current(name: GrantName, use: Use): Promise<CurrentGrant> {
    const key = JSON.stringify([name.kind, name.id]);
    const begun = this.#flights.get(key);
    if (begun !== undefined) return begun;
    const flight = this.#find(name, use).finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    this.#flights.set(key, flight);
    return flight;
  }

  async #find(name: GrantName, use: Use): Promise<CurrentGrant> {
    const changes = this.#changes;
    await this.#changing;
    const opened = await this.#parts.records.open(name.owner, name);
    if (opened === "absent") throw refused("connection_required");
    if (opened === "keys_unavailable") throw unavailable("vault_keys_unavailable");
    const grant = opened === "damaged" ? null : readKeptGrant(opened.text);
    if (opened === "damaged" || grant === null) throw unavailable("vault_record_damaged");
    const found = { name, upstream: opened.upstream, grant, kid: opened.kid, changes };
    // Nobody is refreshing it now, so somebody was when this object last stopped.
    if (grant.state === "spending") throw await this.#lose(found);
    if (grant.state === "lost") throw refused("connection_lost");
    if (isUsable(grant, use, Date.now())) return { grant, kid: opened.kid };
    if (grant.refresh_token === null) throw refused("connection_lost");
    return this.#refresh(found, grant.refresh_token, use);
  }

  async #refresh(found: Found, refreshToken: string, { resource }: Use): Promise<CurrentGrant> {
    const { grant, name, upstream } = found;
    // Asked anew: a server that does not answer is found out before anything is spent on it.
    const server = await this.#parts.servers.findNow(grant.authorization_server);
    const client = await this.#parts.clients.prove(grant.client, resource);
    if (grant.rotates !== false) await this.#replace(found, { ...grant, state: "spending" });
    this.#requireUnchanged(found);
    const asked = {
      server,
      client,
      grant: refreshTokenGrant(refreshToken, { resource: grant.resource ?? undefined }),
      nowSeconds: Math.floor(Date.now() / 1000),
      expectedType: "bearer",
    } as const;
    const issued = await requestToken(asked, this.#parts.egress).catch(async (error: unknown) => {
      throw await this.#settle(found, error);
    });
    const renewed = renew(grant, issued, Date.now());
    // Somebody else's, or nobody's that we know.
    if (renewed === null) throw await this.#lose(found);
    this.#requireUnchanged(found);
    const put = await this.#put(name, upstream, renewed);
    if (put === "keys_unavailable") throw unavailable("vault_keys_unavailable");
    return { grant: renewed, kid: put.kid };
  }

  /** @returns what to throw, after the record says what has become of the refresh token */
  async #settle(found: Found, error: unknown): Promise<unknown> {
    if (!(error instanceof OAuthFailure)) return error;
    const isSpent = error.flaw === "grant_refused" || (!error.isRefusal && found.grant.rotates !== false);
    if (isSpent) return this.#lose(found);
    if (found.grant.rotates !== false) await this.#replace(found, found.grant);
    return endOf(error);
  }

  async #lose(found: Found): Promise<Error> {
    await this.#replace(found, asLost(found.grant));
    return refused("connection_lost");
  }

  async #replace(found: Found, grant: KeptGrant): Promise<void> {
    this.#requireUnchanged(found);
    const put = await this.#put(found.name, found.upstream, grant);
    if (put === "keys_unavailable") throw unavailable("vault_keys_unavailable");
  }

  /** What was revoked or connected anew meanwhile stays so. */
  #requireUnchanged({ changes }: Found): void {
    if (changes !== this.#changes) throw refused("connection_required");
  }

  #put({ owner, kind, id }: GrantName, upstream: string, grant: KeptGrant): ReturnType<VaultRecords["put"]> {
    return this.#parts.records.put(owner, { kind, id, upstream, text: JSON.stringify(grant) });
  }
}

interface Found {
  readonly name: GrantName;
  readonly upstream: string;
  readonly grant: KeptGrant;
  readonly kid: string;
  /** As they were counted when it was read. */
  readonly changes: number;
}

function isUsable(grant: KeptGrant, { isRefused }: Use, now: number): boolean {
  if (grant.token === null) return false;
  const lifetime = { issuedAtMilliseconds: grant.token_issued_at, expiresAtMilliseconds: grant.token_expires_at };
  return isFresh(lifetime, now) && !(isRefused && isReplaceable(lifetime, now));
}

/** @returns null where the provider says that it is about another person than before (OpenID Connect §12.2) */
function renew(grant: KeptGrant, issued: IssuedToken, now: number): KeptGrant | null {
  const isReplaced = issued.refreshToken !== null && issued.refreshToken !== grant.refresh_token;
  const renewed = {
    ...grant,
    state: "ready",
    refresh_token: issued.refreshToken ?? grant.refresh_token,
    rotates: isReplaced || (grant.rotates ?? false),
    token_issued_at: now,
  } as const;
  if (grant.subject === null) {
    return { ...renewed, token: issued.token, token_expires_at: now + issued.lifetimeSeconds * 1000 };
  }
  // It need not send another ID token: then the refresh token itself says who it is.
  if (issued.idToken === null) return { ...renewed, token: null, token_expires_at: now };
  const expected = { issuer: grant.authorization_server, clientId: grant.client.client_id, subject: grant.subject };
  const expiresAtSeconds = expiryOfIdToken(issued.idToken, expected);
  if (expiresAtSeconds === null) return null;
  return { ...renewed, token: issued.idToken, token_expires_at: expiresAtSeconds * 1000 };
}

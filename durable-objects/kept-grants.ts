import type { Egress } from "../src/egress/exchange.ts";
import { refreshTokenGrant } from "../src/oauth-client/grants.ts";
import { expiryOfIdToken } from "../src/oauth-client/id-token.ts";
import { OAuthFailure } from "../src/oauth-client/oauth-failure.ts";
import { requestToken } from "../src/oauth-client/token-request.ts";
import type { IssuedToken } from "../src/oauth-client/token-response.ts";
import { asLost, isFresh, isReplaceable, type KeptGrant, readKeptGrant } from "../src/vault/kept-grant.ts";
import { AcquisitionEnded, endOf, refused, unavailable } from "./acquisition.ts";
import type { KnownServers } from "./known-servers.ts";
import type { OwnClients } from "./own-clients.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { Put, RecordKind, VaultRecords } from "./vault-records.ts";

export const GRANT_KINDS = ["identity", "grant"] as const satisfies readonly RecordKind[];

/** A grant of a person's, or his identity at his provider. */
export interface GrantRecord {
  readonly kind: (typeof GRANT_KINDS)[number];
  /** Our identifier of the MCP server; of an identity, the provider's issuer. */
  readonly id: string;
}

export interface GrantName extends GrantRecord {
  readonly owner: VaultOwner;
}

export interface CurrentGrant {
  readonly grant: KeptGrant;
  readonly kid: string;
}

interface Use {
  /** Of a grant, what the server's document says today that it must have been made for; null for an identity. */
  readonly binding: string | null;
  readonly isRefused: boolean;
}

/** Somebody who looks after one record, for all who come meanwhile. */
interface Flight {
  readonly isRefused: boolean;
  /** Whether the record was kept anew or forgotten since: what this brings is from before, and nobody's any more. */
  isOvertaken: boolean;
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
  readonly #flights = new Map<string, Flight & { readonly arrival: Promise<CurrentGrant> }>();
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async keep(name: GrantName, upstream: string, grant: KeptGrant): Promise<"kept" | "keys_unavailable"> {
    const put = await this.#change([name], () => this.#put(name, { upstream, grant, replaces: null }));
    return put === "keys_unavailable" ? put : "kept";
  }

  /** @returns how many there were */
  async forget(names: readonly GrantName[]): Promise<number> {
    const remove = () => Promise.all(names.map((name) => this.#parts.records.remove(name)));
    const removed = await this.#change(names, remove);
    return removed.filter(Boolean).length;
  }

  /** All that rests on a sign-in until then, also what is being kept just now. @returns what there was */
  endSignIns(throughMilliseconds: number): Promise<readonly GrantRecord[]> {
    const { records } = this.#parts;
    const known = records.listSignedIn(GRANT_KINDS, throughMilliseconds);
    return this.#change(known, () => records.endSignIns(GRANT_KINDS, throughMilliseconds));
  }

  /** Who asks from now on waits for it; who asked before about one of these can write nothing any more. */
  #change<Result>(names: readonly GrantRecord[], change: () => Promise<Result>): Promise<Result> {
    const changed = new Set(names.map(({ kind, id }) => JSON.stringify([kind, id])));
    for (const [key, flight] of this.#flights) {
      if (!changed.has(recordOf(key))) continue;
      flight.isOvertaken = true;
      this.#flights.delete(key);
    }
    const done = change();
    this.#changing = Promise.allSettled([this.#changing, done]);
    return done;
  }

  /** With a token that is fresh, or a refresh token alone where no token comes with it. @throws AcquisitionEnded */
  async current(name: GrantName, use: Use): Promise<CurrentGrant> {
    const key = keyOf(name, use);
    const begun = this.#flights.get(key);
    if (begun === undefined) return this.#begin(key, name, use);
    if (begun.isRefused || !use.isRefused) return begun.arrival;
    // It may bring the very token that was refused.
    await begun.arrival.catch(() => null);
    return this.current(name, use);
  }

  #begin(key: string, name: GrantName, use: Use): Promise<CurrentGrant> {
    const flight = { isRefused: use.isRefused, isOvertaken: false };
    const arrival = this.#noting(name, flight, this.#find(name, use, flight)).finally(() => {
      if (this.#flights.get(key)?.arrival === arrival) this.#flights.delete(key);
    });
    this.#flights.set(key, Object.assign(flight, { arrival }));
    return arrival;
  }

  /** For who asks how it stands with what a person has connected. */
  async #noting(name: GrantName, flight: Flight, found: Promise<CurrentGrant>): Promise<CurrentGrant> {
    try {
      const current = await found;
      this.#parts.records.noteUse(name, Date.now());
      return current;
    } catch (error) {
      // What has been connected meanwhile has not failed.
      if (error instanceof AcquisitionEnded && !flight.isOvertaken) {
        this.#parts.records.noteFailure(name, { reason: error.ended.reason, atMilliseconds: Date.now() });
      }
      throw error;
    }
  }

  async #find(name: GrantName, use: Use, flight: Flight): Promise<CurrentGrant> {
    await this.#changing;
    const opened = await this.#parts.records.open(name.owner, name);
    if (opened === "absent") throw refused("connection_required");
    if (opened === "keys_unavailable") throw unavailable("vault_keys_unavailable");
    const grant = opened === "damaged" ? null : readKeptGrant(opened.text);
    if (opened === "damaged" || grant === null) throw unavailable("vault_record_damaged");
    // Before anything else is said of it: under another document it is another's to look after, or nobody's.
    if (name.kind === "grant" && (grant.binding === null || grant.binding !== use.binding)) {
      throw refused("connection_required");
    }
    const found = { name, upstream: opened.upstream, grant, version: opened.version, flight };
    // Nobody is refreshing it now, so somebody was when this object last stopped.
    if (grant.state === "spending") throw await this.#lose(found);
    if (grant.state === "lost") throw refused("connection_lost");
    if (isUsable(grant, use, Date.now())) {
      this.#requireUnchanged(found);
      return { grant, kid: opened.kid };
    }
    if (grant.refresh_token === null) throw refused("connection_lost");
    return this.#refresh(found, grant.refresh_token);
  }

  async #refresh(found: Found, refreshToken: string): Promise<CurrentGrant> {
    const { grant, name } = found;
    // Asked anew: a server that does not answer is found out before anything is spent on it.
    const server = await this.#parts.servers.findNow(grant.authorization_server);
    // For whom the record is: our secret at a provider is released for the provider, that at a server's for the server.
    const client = await this.#parts.clients.prove(grant.client, name.id);
    const spending = grant.rotates === false ? found : await this.#replace(found, { ...grant, state: "spending" });
    this.#requireUnchanged(spending);
    const asked = {
      server,
      client,
      grant: refreshTokenGrant(refreshToken, { resource: grant.resource ?? undefined }),
      nowSeconds: Math.floor(Date.now() / 1000),
      expectedType: "bearer",
    } as const;
    const issued = await requestToken(asked, this.#parts.egress).catch(async (error: unknown) => {
      throw await this.#settle(spending, error);
    });
    const renewed = renew(grant, issued, Date.now());
    // Somebody else's, or nobody's that we know.
    if (renewed === null) throw await this.#lose(spending);
    const { kid } = await this.#replace(spending, renewed);
    return { grant: renewed, kid };
  }

  /** @returns what to throw, after the record says what has become of the refresh token */
  async #settle(found: Found, error: unknown): Promise<unknown> {
    if (!(error instanceof OAuthFailure)) return error;
    const isSpent = error.flaw === "grant_refused" || (!error.isRefusal && found.grant.rotates !== false);
    if (isSpent) return this.#lose(found);
    if (found.grant.rotates !== false) await this.#replace(found, { ...found.grant, state: "ready" });
    return endOf(error);
  }

  async #lose(found: Found): Promise<Error> {
    await this.#replace(found, asLost(found.grant));
    return refused("connection_lost");
  }

  async #replace(found: Found, grant: KeptGrant): Promise<Found & { readonly kid: string }> {
    this.#requireUnchanged(found);
    const put = await this.#put(found.name, { upstream: found.upstream, grant, replaces: found.version });
    if (put === "keys_unavailable") throw unavailable("vault_keys_unavailable");
    if (put === "superseded") throw refused("connection_required");
    return { ...found, grant, ...put };
  }

  /** What was revoked or connected anew meanwhile stays so. */
  #requireUnchanged({ name, version, flight }: Found): void {
    const isChanged = flight.isOvertaken || this.#parts.records.versionOf(name) !== version;
    if (isChanged) throw refused("connection_required");
  }

  #put({ owner, kind, id }: GrantName, { upstream, grant, replaces }: Writing): Promise<Put> {
    const { signed_in_at: signedInAtMilliseconds } = grant;
    const record = { kind, id, upstream, text: JSON.stringify(grant), signedInAtMilliseconds };
    return this.#parts.records.put(owner, record, replaces);
  }
}

interface Found {
  readonly name: GrantName;
  readonly upstream: string;
  readonly grant: KeptGrant;
  /** Of the record, as it was read or last written by who found it. */
  readonly version: number;
  readonly flight: Flight;
}

interface Writing {
  readonly upstream: string;
  readonly grant: KeptGrant;
  readonly replaces: number | null;
}

/** Of everything on which it depends what becomes of a flight. */
function keyOf({ kind, id }: GrantName, { binding }: Use): string {
  return JSON.stringify([kind, id, binding]);
}

function recordOf(key: string): string {
  const [kind, id] = JSON.parse(key) as [string, string];
  return JSON.stringify([kind, id]);
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
    scope: issued.scope ?? grant.scope,
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

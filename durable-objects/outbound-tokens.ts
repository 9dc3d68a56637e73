import { openEgress } from "../src/egress/exchange.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { LIMITS } from "../src/limits.ts";
import { type GrantToKeep, keptGrantSchema } from "../src/vault/kept-grant.ts";
import type { Acquired, TokenAsked } from "./acquisition.ts";
import { GrantRevocation } from "./grant-revocation.ts";
import { GRANT_KINDS, type GrantName, type GrantRecord, KeptGrants } from "./kept-grants.ts";
import { KnownServers } from "./known-servers.ts";
import { OwnClients, type RevealSecret } from "./own-clients.ts";
import { TokenAcquisition } from "./token-acquisition.ts";
import { TokenSources } from "./token-sources.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { VaultRecords } from "./vault-records.ts";

/** `revoked`: the sign-in that it rests on has been ended. */
export type Kept = "kept" | "full" | "malformed" | "keys_unavailable" | "revoked";

/** Of a connection, everything but what it is made of. */
export interface ConnectionDescription {
  readonly kind: GrantName["kind"];
  readonly id: string;
  readonly changedAtMilliseconds: number;
}

interface Parts {
  readonly records: VaultRecords;
  readonly rules: EgressRules;
  readonly signingKeys: string;
  readonly revealSecret: RevealSecret;
  /** Goes on when whoever asked has been answered. */
  readonly outlast: (work: Promise<unknown>) => void;
}

/** Tokens for upstreams, of one owner: those that are acquired, and the grants that they are acquired by. */
export class OutboundTokens {
  readonly #records: VaultRecords;
  readonly #grants: KeptGrants;
  readonly #acquisition: TokenAcquisition;
  readonly #revocation: GrantRevocation;

  constructor({ records, rules, signingKeys, revealSecret, outlast }: Parts) {
    const egress = openEgress(rules);
    const clients = new OwnClients(revealSecret, signingKeys);
    const servers = new KnownServers(egress);
    this.#records = records;
    this.#grants = new KeptGrants({ records, clients, servers, egress });
    this.#revocation = new GrantRevocation({ records, clients, servers, egress, outlast });
    const sources = new TokenSources({ grants: this.#grants, clients, servers, egress });
    this.#acquisition = new TokenAcquisition((asked) => sources.acquire(asked));
  }

  acquire(asked: TokenAsked): Promise<Acquired> {
    const isDeployments = asked.credential.type === "client_credentials";
    if (isDeployments !== (asked.owner.organization === "")) throw new TypeError("a token of another kind of owner");
    return this.#acquisition.acquire(asked);
  }

  async keep(name: GrantName, grant: GrantToKeep): Promise<Kept> {
    const now = Date.now();
    // A provider whose clock is ahead of ours must not sign anybody in after what ends it here.
    const signed_in_at = Math.min(grant.signed_in_at, now);
    const parsed = keptGrantSchema.safeParse({
      ...grant,
      signed_in_at,
      state: "ready",
      rotates: null,
      connected_at: now,
    });
    if (!parsed.success) return "malformed";
    if (signed_in_at <= this.#records.endedThroughMilliseconds) return "revoked";
    if (!this.#records.has(name) && this.#records.count(name.kind) >= LIMITS.grantsPerPerson) return "full";
    this.#acquisition.forget((asked) => restsOn(asked, name));
    return this.#grants.keep(name, grant.upstream, parsed.data);
  }

  list(): ConnectionDescription[] {
    return GRANT_KINDS.flatMap((kind) =>
      this.#records
        .list(kind, "", LIMITS.grantsPerPerson)
        .map(({ id, changedAtMilliseconds }) => ({ kind, id, changedAtMilliseconds })),
    );
  }

  async forget(names: readonly GrantName[]): Promise<number> {
    this.#dropTokens(names);
    const revocable = await this.#revocation.read(names);
    const count = await this.#grants.forget(names);
    this.#dropTokens(names);
    this.#revocation.revoke(revocable, (name) => !this.#records.has(name));
    return count;
  }

  /** Also of what is being kept just now, or comes later: it rests on no sign-in until then. @returns how many there were */
  async endSignIns(owner: VaultOwner, throughMilliseconds: number): Promise<number> {
    const known = this.#records.listSignedIn(GRANT_KINDS, throughMilliseconds);
    this.#dropTokens(known);
    const revocable = await this.#revocation.read(known.map(({ kind, id }) => ({ owner, kind, id })));
    const ended = await this.#grants.endSignIns(throughMilliseconds);
    this.#dropTokens(ended);
    this.#revocation.revoke(revocable, (name) => ended.some(({ kind, id }) => kind === name.kind && id === name.id));
    return ended.length;
  }

  /** Before and after what they rest on goes: in between, others may have been asked for by it. */
  #dropTokens(names: readonly GrantRecord[]): void {
    this.#acquisition.forget((asked) => names.some((name) => restsOn(asked, name)));
  }
}

/** Whether a token is one that this grant or sign-in gives. */
function restsOn({ credential, resource, issuer }: TokenAsked, { kind, id }: GrantRecord): boolean {
  const isByGrant = credential.type === "authorization_code";
  return kind === "grant" ? isByGrant && resource === id : !isByGrant && issuer === id;
}

import { openEgress } from "../src/egress/exchange.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { LIMITS } from "../src/limits.ts";
import { type GrantToKeep, keptGrantSchema } from "../src/vault/kept-grant.ts";
import type { Acquired, TokenAsked } from "./acquisition.ts";
import { type GrantName, KeptGrants } from "./kept-grants.ts";
import { KnownServers } from "./known-servers.ts";
import { OwnClients, type RevealSecret } from "./own-clients.ts";
import { TokenAcquisition } from "./token-acquisition.ts";
import { TokenSources } from "./token-sources.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { VaultRecords } from "./vault-records.ts";

export type Kept = "kept" | "full" | "malformed" | "keys_unavailable";

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
}

/** Tokens for upstreams, of one owner: those that are acquired, and the grants that they are acquired by. */
export class OutboundTokens {
  readonly #records: VaultRecords;
  readonly #grants: KeptGrants;
  readonly #acquisition: TokenAcquisition;

  constructor({ records, rules, signingKeys, revealSecret }: Parts) {
    const egress = openEgress(rules);
    const clients = new OwnClients(revealSecret, signingKeys);
    const servers = new KnownServers(egress);
    this.#records = records;
    this.#grants = new KeptGrants({ records, clients, servers, egress });
    const sources = new TokenSources({ grants: this.#grants, clients, servers, egress });
    this.#acquisition = new TokenAcquisition((asked) => sources.acquire(asked));
  }

  acquire(asked: TokenAsked): Promise<Acquired> {
    const isDeployments = asked.credential.type === "client_credentials";
    if (isDeployments !== (asked.owner.organization === "")) throw new TypeError("a token of another kind of owner");
    return this.#acquisition.acquire(asked);
  }

  async keep(name: GrantName, grant: GrantToKeep): Promise<Kept> {
    const parsed = keptGrantSchema.safeParse({ ...grant, state: "ready", rotates: null, connected_at: Date.now() });
    if (!parsed.success) return "malformed";
    if (!this.#records.has(name) && this.#records.count(name.kind) >= LIMITS.grantsPerPerson) return "full";
    this.#acquisition.forget((asked) => restsOn(asked, name));
    return this.#grants.keep(name, grant.upstream, parsed.data);
  }

  list(): ConnectionDescription[] {
    return (["identity", "grant"] as const).flatMap((kind) =>
      this.#records
        .list(kind, "", LIMITS.grantsPerPerson)
        .map(({ id, changedAtMilliseconds }) => ({ kind, id, changedAtMilliseconds })),
    );
  }

  forget(names: readonly GrantName[]): Promise<number> {
    this.#acquisition.forget((asked) => names.some((name) => restsOn(asked, name)));
    return this.#grants.forgetAll(names);
  }

  forgetAll(owner: VaultOwner): Promise<number> {
    this.#acquisition.forget(() => true);
    return this.forget(this.list().map(({ kind, id }) => ({ owner, kind, id })));
  }
}

/** Whether a token is one that this grant or sign-in gives. */
function restsOn({ credential, resource, issuer }: TokenAsked, { kind, id }: GrantName): boolean {
  const isByGrant = credential.type === "authorization_code";
  return kind === "grant" ? isByGrant && resource === id : !isByGrant && issuer === id;
}

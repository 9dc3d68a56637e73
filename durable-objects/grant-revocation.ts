import { log } from "../src/audit/operator-log.ts";
import type { Egress } from "../src/egress/exchange.ts";
import { LIMITS } from "../src/limits.ts";
import { OAuthFailure } from "../src/oauth-client/oauth-failure.ts";
import { revokeToken } from "../src/oauth-client/token-revocation.ts";
import { within } from "../src/revocation/within.ts";
import { type KeptGrant, readKeptGrant } from "../src/vault/kept-grant.ts";
import { AcquisitionEnded } from "./acquisition.ts";
import type { GrantName } from "./kept-grants.ts";
import type { KnownServers } from "./known-servers.ts";
import type { OwnClients } from "./own-clients.ts";
import type { VaultRecords } from "./vault-records.ts";

interface Parts {
  readonly records: VaultRecords;
  readonly clients: OwnClients;
  readonly servers: KnownServers;
  readonly egress: Egress;
  /** Goes on when whoever asked has been answered. */
  readonly outlast: (work: Promise<unknown>) => void;
}

/** What is about to be forgotten here, and so can be named to its server no more. */
export interface Revocable {
  readonly name: GrantName;
  readonly grant: KeptGrant;
}

/**
 * Tells servers that we hold nothing of a person's any more (RFC 7009): once, in the background, for a bounded time. What
 * we have forgotten is forgotten whatever they answer; a server that could not be told keeps tokens that nobody has.
 */
export class GrantRevocation {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** As far as they can be read: what cannot be is forgotten all the same. */
  async read(names: readonly GrantName[]): Promise<readonly Revocable[]> {
    const read = names.map(async (name) => {
      const opened = await this.#parts.records.open(name.owner, name).catch(() => "damaged" as const);
      const grant = typeof opened === "string" ? null : readKeptGrant(opened.text);
      return grant === null ? [] : [{ name, grant }];
    });
    return (await Promise.all(read)).flat();
  }

  /** Of these, those that have been forgotten indeed. */
  revoke(revocable: readonly Revocable[], isForgotten: (name: GrantName) => boolean): void {
    const forgotten = revocable.filter(({ name }) => isForgotten(name));
    if (forgotten.length === 0) return;
    const told = Promise.all(forgotten.map((each) => this.#tell(each)));
    this.#parts.outlast(within(LIMITS.grantRevocationMilliseconds, told).catch(() => undefined));
  }

  async #tell({ name, grant }: Revocable): Promise<void> {
    const outcome = await this.#revoke(name, grant).catch((error: unknown) => {
      if (error instanceof OAuthFailure) return error.flaw;
      return error instanceof AcquisitionEnded ? error.ended.reason : "fault";
    });
    log({ event: "grant_revoked_at_server", server: grant.authorization_server, kind: name.kind, outcome });
  }

  async #revoke(name: GrantName, grant: KeptGrant): Promise<string> {
    const token = tokenOf(name, grant);
    if (token === null) return "nothing_to_revoke";
    const { servers, clients, egress } = this.#parts;
    // Before anything of the connection was made: whatever secret was there then is the one that the server knows.
    const client = await clients.proveAsThen(grant.client, name.id, grant.signed_in_at);
    if (client === null) return "client_changed";
    const server = await servers.findNow(grant.authorization_server);
    await revokeToken({ server, client, ...token, nowSeconds: Math.floor(Date.now() / 1000) }, egress);
    return "revoked";
  }
}

/** The refresh token, with which ends what came of it (§2.1). An ID token is nobody's to end. */
function tokenOf({ kind }: GrantName, { refresh_token: refresh, token: access }: KeptGrant) {
  if (refresh !== null) return { token: refresh, hint: "refresh_token" } as const;
  return access === null || kind === "identity" ? null : ({ token: access, hint: "access_token" } as const);
}

import { AcquisitionEnded } from "../../durable-objects/acquisition.ts";
import { type Connecting, Connections } from "../../durable-objects/connections.ts";
import type { Kept } from "../../durable-objects/outbound-tokens.ts";
import { OwnClients, type RevealSecret } from "../../durable-objects/own-clients.ts";
import type { VaultOwner } from "../../durable-objects/vault-owner.ts";
import type { Vaults } from "../../durable-objects/vaults.ts";
import { Outage } from "../audit/reason.ts";
import { ConnectLinks } from "../connect/connect-link.ts";
import type { ConnectDependencies } from "../connect/dependencies.ts";
import { Journeys, type Person } from "../connect/journey.ts";
import { ConnectRefused } from "../connect/refusal.ts";
import { Seal } from "../connect/seal.ts";
import type { CredentialAsked } from "../credentials/supplied.ts";
import { openEgress } from "../egress/exchange.ts";
import { readClockSeconds } from "../http/trace.ts";
import { LIMITS } from "../limits.ts";
import { reportFault } from "../reporting.ts";
import { networkOf } from "../token-endpoint/network.ts";
import type { OwnClient } from "../oauth-client/client-authentication.ts";
import { findRegisteredClient } from "../trust/registered-client.ts";
import type { Registration } from "../vault/kept-grant.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { requireSecret } from "./required-secret.ts";

/** @returns what makes the address at which the caller of this call, and nobody else, connects an account */
export function buildConnectUrl({ env, config }: Parts): (asked: CredentialAsked) => Promise<string> {
  const links = new ConnectLinks(sealOf(env), config.issuer);
  return ({ caller, resource }) => {
    const { organization, issuer, tenant, principal, clientId } = caller;
    const wanted = { organization, issuer, tenant, principal, resource: resource.resource, client_id: clientId };
    return links.make(wanted, readClockSeconds());
  };
}

export function buildConnect(parts: Parts): ConnectDependencies {
  const { env, runtime, config, recorder, trust, issuerKeys, accounts, revocations, vaults } = parts;
  const seal = sealOf(env);
  const connections = new Connections((owner) => vaults.vaultOf(owner));
  return {
    issuer: config.issuer,
    links: new ConnectLinks(seal, config.issuer),
    journeys: new Journeys(seal),
    egress: openEgress(config.egress),
    findIdp: (issuer) => trust.find("idp", issuer),
    findResource: (identifier) => trust.find("resource", identifier),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    resolveSubject: (organization, query) => accounts.resolve(organization, query),
    nameOfAgent: async (clientId) => {
      const found = await findRegisteredClient(clientId, (name) => trust.find("client", name));
      return found?.document.name ?? clientId;
    },
    prove: (registration, whom) => prove(registration, whom, { vaults, signingKeys: env.SIGNING_KEYS }),
    spendState: (state) => spendState(state, parts),
    isRevoked: (facts) => revocations.stops(facts),
    isRevokedByNow: async (facts) => {
      await revocations.catchUp();
      return revocations.stops(facts);
    },
    keepGrant: async (person, resource, grant) =>
      requireKept(await connections.keepGrant(connecting(person), resource, grant), person),
    keepIdentity: async (person, identity) =>
      requireKept(await connections.keepIdentity(connecting(person), identity), person),
    disconnect: async (person, connection) => void (await connections.disconnect(ownerOf(person), connection)),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    recorder,
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
  };
}

function sealOf(env: Env): Seal {
  return new Seal(requireSecret("STATE_SECRET", env.STATE_SECRET));
}

function spendState(state: string, { ledger, config }: Parts): Promise<"consumed" | "replayed"> {
  return ledger.consume({
    namespace: "connect-state",
    owner: config.issuer,
    jti: state,
    attemptId: crypto.randomUUID(),
    // For as long as the journey that it stands in can be read.
    retainUntilSeconds: readClockSeconds() + LIMITS.connectJourneySeconds + 60,
    event: null,
  });
}

interface Proving {
  readonly vaults: Vaults;
  readonly signingKeys: string;
}

async function prove(registration: Registration, whom: string, { vaults, signingKeys }: Proving): Promise<OwnClient> {
  const reveal: RevealSecret = (name, resource) => vaults.revealSecret(name, resource, { isRefused: false });
  try {
    return await new OwnClients(reveal, signingKeys).prove(registration, whom);
  } catch (error) {
    if (!(error instanceof AcquisitionEnded)) throw error;
    const { ended } = error;
    if (ended.outcome === "unavailable") throw new Outage(ended.reason, { cause: error });
    throw new ConnectRefused("connect_client_unproved", { cause: error });
  }
}

function connecting(person: Person): Connecting {
  const { issuer, tenant, sub } = person;
  return { owner: ownerOf(person), subject: { issuer, tenant, sub } };
}

function ownerOf({ organization, principal }: Person): VaultOwner {
  return { organization, owner: principal };
}

function requireKept(kept: Kept, person: Person): void {
  if (kept === "keys_unavailable") throw new Outage("vault_keys_unavailable");
  if (kept === "revoked") throw new ConnectRefused("connect_revoked", { person });
  if (kept !== "kept") throw new ConnectRefused(kept === "full" ? "connect_full" : "connect_grant_refused");
}

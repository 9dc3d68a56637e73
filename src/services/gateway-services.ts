import { openEgress } from "../egress/exchange.ts";
import type { ExternalPorts } from "../guardrails/external.ts";
import { CallLimits } from "../../durable-objects/call-limits.ts";
import { acceptProviderToken, type ProviderAccessDependencies } from "../access-token/provider-access.ts";
import type { GatewayDependencies } from "../gateway/gateway.ts";
import { KnownTools } from "../gateway/known-tools.ts";
import { reportHeldBack } from "../gateway/report-held-back.ts";
import { Sessions } from "../gateway/session.ts";
import { MemberEras } from "../gateway/virtual/member-eras.ts";
import { reportMissing } from "../gateway/virtual/report-missing.ts";
import { SealedTexts } from "../jwt/sealed-text.ts";
import { reportFault, reportsRefused } from "../reporting.ts";
import { networkOf } from "../token-endpoint/network.ts";
import { findRegisteredClient } from "../trust/registered-client.ts";
import { buildConnectUrl } from "./connect-services.ts";
import { buildCredentials } from "./credential-services.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { requireSecret } from "./required-secret.ts";
import { consumeProof } from "./single-use.ts";

/** What requests to processors elsewhere are signed with: secrets of the vault, like those for servers. */
function guardrailSecrets({ vaults }: Parts): ExternalPorts["findSecret"] {
  return async (name, resource) => {
    const revealed = await vaults.revealSecret(name, resource, { isRefused: false });
    return typeof revealed === "string" ? null : revealed.value;
  };
}

function providerAccess({ trust, issuerKeys, accounts }: Parts): ProviderAccessDependencies {
  return {
    findIdp: (issuer) => trust.find("idp", issuer),
    findClient: (clientId) => findRegisteredClient(clientId, (name) => trust.find("client", name)),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    resolveSubject: (organization, query) => accounts.resolve(organization, query),
  };
}

export function buildGateway(parts: Parts): GatewayDependencies {
  const { env, runtime, config, keys, ledger, recorder, trust, revocations } = parts;
  const credentials = buildCredentials(parts);
  const stateSecret = requireSecret("STATE_SECRET", env.STATE_SECRET);
  return {
    issuer: config.issuer,
    keys,
    supplyCredential: (asked) => credentials.supply(asked),
    connectUrl: buildConnectUrl(parts),
    isRevoked: (facts) => revocations.stops(facts),
    consumeProof: (proof) => consumeProof(ledger, proof),
    findResource: (identifier) => trust.find("resource", identifier),
    findPolicy: (organization) => trust.find("policy", organization),
    acceptProviderToken: async (asked) => {
      // First, so that a record that was edited just now is read anew, and does not end a token that is good by it.
      await revocations.follow();
      return acceptProviderToken(asked, providerAccess(parts));
    },
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isClientWithinRate: (clientId) => isWithin(env.CLIENT_RATE_LIMIT, `gateway:${clientId}`),
    findApprovedTools: (resource) => trust.find("tools", resource),
    knownTools: new KnownTools(),
    memberEras: new MemberEras(),
    reportMissing: (missing) => runtime.waitUntil(reportMissing(missing, recorder)),
    reportHeldBack: (held) => runtime.waitUntil(reportHeldBack(held, recorder)),
    sessions: new Sessions(stateSecret),
    limits: new CallLimits(env.CALL_COUNTER, config.ledger),
    outlast: runtime.waitUntil,
    present: (presented) => parts.approvals.present(presented),
    heldStates: new SealedTexts(stateSecret, "states of held calls v1"),
    shownArguments: parts.shownArguments,
    guardPorts: { egress: openEgress(config.egress), findSecret: guardrailSecrets(parts) },
    egress: config.egress,
    recorder,
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
    reportRefusedRequest: reportsRefused(config, runtime),
  };
}

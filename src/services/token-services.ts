import { signAccessToken } from "../access-token/issue.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import { reportFault, reportsRefused } from "../reporting.ts";
import { findClientKey } from "../token-endpoint/client-authentication/client-key.ts";
import { ClientSecrets } from "../token-endpoint/client-authentication/client-secret.ts";
import { networkOf } from "../token-endpoint/network.ts";
import type { TokenEndpointDependencies } from "../token-endpoint/token-endpoint.ts";
import { findRegisteredClient } from "../trust/registered-client.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { requireSecret } from "./required-secret.ts";
import { consumeAssertion, consumeProof } from "./single-use.ts";

export function buildTokenEndpoint(parts: Parts): TokenEndpointDependencies {
  const { env, runtime, config, ledger, recorder, trust, issuerKeys, clientDocuments, nonces } = parts;
  return {
    issuer: config.issuer,
    secrets: new ClientSecrets(requireSecret("CLIENT_SECRET_PEPPER", env.CLIENT_SECRET_PEPPER)),
    findClient: (clientId) => findRegisteredClient(clientId, (name) => trust.find("client", name)),
    findClientKey: (client, wanted) =>
      findClientKey(client, wanted, {
        findMetadata: (clientId, keyId) => clientDocuments.find(clientId, keyId),
        findKey: (clientId, source, key) => issuerKeys.find(`client:${clientId}`, source, key),
      }),
    consumeClientAssertion: (owner, spendable) =>
      ledger.consume({
        namespace: "client-assertion",
        owner,
        attemptId: crypto.randomUUID(),
        event: null,
        ...spendable,
      }),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isClientWithinRate: (clientId) => isWithin(env.CLIENT_RATE_LIMIT, `token:${clientId}`),
    redemption: buildRedemption(parts),
    consumeAssertion: (entry) => consumeAssertion(parts, entry),
    recorder,
    currentNonce: (nowSeconds) => nonces.current(nowSeconds),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
    reportRefusedRequest: reportsRefused(config, runtime),
  };
}

function buildRedemption({
  config,
  keys,
  ledger,
  trust,
  issuerKeys,
  accounts,
  nonces,
}: Parts): Omit<Dependencies, "consumeAssertion"> {
  return {
    issuer: config.issuer,
    tokenEndpoint: config.tokenEndpoint,
    findIdp: (issuer) => trust.find("idp", issuer),
    findResource: (identifier) => trust.find("resource", identifier),
    findPolicy: (organization) => trust.find("policy", organization),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    resolveSubject: (organization, query) => accounts.resolve(organization, query),
    acceptsNonce: (nonce, nowSeconds) => nonces.accepts(nonce, nowSeconds),
    signAccessToken: (contents) => signAccessToken(contents, { issuer: config.issuer, keys }),
    consumeProof: (proof) => consumeProof(ledger, proof),
  };
}

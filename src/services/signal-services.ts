import { reportFault } from "../reporting.ts";
import type { SignalDependencies } from "../signals/push-endpoint.ts";
import { ClientSecrets } from "../token-endpoint/client-authentication/client-secret.ts";
import { networkOf } from "../token-endpoint/network.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { requireSecret } from "./required-secret.ts";

export function buildSignals({
  env,
  runtime,
  config,
  trust,
  issuerKeys,
  revocations,
  recorder,
}: Parts): SignalDependencies {
  const secrets = new ClientSecrets(requireSecret("CLIENT_SECRET_PEPPER", env.CLIENT_SECRET_PEPPER));
  return {
    issuer: config.issuer,
    findIdp: (issuer) => trust.find("idp", issuer),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    isRevoked: (names) => revocations.stops({ names, signedInAtMilliseconds: Date.now() }),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isAuthorized: async ({ signals }, authorization) => {
      const digests = signals?.authorization_digests ?? [];
      return digests.length === 0 || secrets.matches(authorization, digests);
    },
    join: (fences, issuer) => revocations.join(fences, `idp:${issuer}`),
    record: (event) => recorder.record(event),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
  };
}

import { signByUnrevokedKey } from "../published-keys.ts";
import type { ClientRequestDependencies } from "../token-endpoint/client-request.ts";
import type { IntrospectionEndpointDependencies } from "../token-endpoint/introspection-endpoint.ts";
import { IntrospectionRecords } from "../token-endpoint/introspection-records.ts";
import type { Parts } from "./parts.ts";

export function buildIntrospection(
  { config, keys, trust, revocations, recorder }: Parts,
  client: ClientRequestDependencies,
): IntrospectionEndpointDependencies {
  return {
    ...client,
    keys,
    findResource: (identifier) => trust.find("resource", identifier),
    isRevoked: (facts) => revocations.stops(facts),
    sign: (typ, claims) => signByUnrevokedKey({ typ, claims: { iss: config.issuer, ...claims } }, keys, revocations),
    records: new IntrospectionRecords(recorder),
  };
}

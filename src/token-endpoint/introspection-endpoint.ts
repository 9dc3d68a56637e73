import { type AccessToken, verifyAccessToken } from "../access-token/verify.ts";
import { type ResponseHeaders, respondJson, respondText } from "../http/respond.ts";
import { parseCompactJws } from "../jwt/compact-jws.ts";
import type { KeySet } from "../jwt/verify.ts";
import type { FencedFacts } from "../revocation/fence.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { answerClient, type ClientRequest, type ClientRequestDependencies } from "./client-request.ts";
import type { IntrospectionRecords } from "./introspection-records.ts";

export interface IntrospectionEndpointDependencies extends ClientRequestDependencies {
  readonly keys: KeySet;
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  /** By knowledge no older than the gateway's. @throws Outage */
  readonly isRevoked: (facts: FencedFacts) => Promise<boolean>;
  /** By the key that signs access tokens. @throws Outage */
  readonly sign: (typ: string, claims: object) => Promise<string>;
  readonly records: IntrospectionRecords;
}

const SIGNED_MEDIA_TYPE = "application/token-introspection+jwt";
const SIGNED_TYPE = "token-introspection+jwt";

/** All that is ever said of a token that is not the caller's to ask about: RFC 7662 §2.2, RFC 9701 §5. */
const INACTIVE = { active: false } as const;

/** RFC 7662 §2.2 and what the token's own profiles add (RFC 9068, 9396, 9449, 9470, 9493); ours among the rest. */
const TOLD = [
  "iss",
  "aud",
  "sub",
  "client_id",
  "jti",
  "iat",
  "exp",
  "scope",
  "authorization_details",
  "cnf",
  "act",
  "auth_time",
  "acr",
  "amr",
  "sub_id",
  "organization",
  "tenant",
] as const;

/**
 * RFC 7662: a resource server asks about a token that it was shown, and is told of its own tokens alone, by what has been
 * revoked until now. The answer is signed where it asks for that (RFC 9701), so that it proves to others what was said.
 */
export function handleIntrospectionRequest(
  request: Request,
  uses: IntrospectionEndpointDependencies,
): Promise<Response> {
  return answerClient(request, uses, async (asked, headers) => {
    const told = await describe(asked, uses);
    if (!wantsSigned(asked.headers.get("accept") ?? "")) return respondJson(200, told, headers);
    return respondSigned(told, asked, { headers, sign: uses.sign });
  });
}

async function describe(asked: ClientRequest, uses: IntrospectionEndpointDependencies): Promise<object> {
  const { token: text, nowSeconds, client } = asked;
  const expected = { issuer: uses.issuer, audience: null, nowSeconds };
  const { token, refusal } = await verifyAccessToken(text, uses.keys, expected);
  if (token === null || refusal !== null || token.audience === null) return INACTIVE;
  const resource = (await uses.findResource(token.audience))?.document;
  const mayAsk = resource?.introspection?.clients.includes(client.client_id) === true && resource.enabled;
  await uses.records.note({ clientId: client.client_id, resource: token.audience, mayAsk }, asked.trace);
  if (!mayAsk || (await uses.isRevoked(token.fenced))) return INACTIVE;
  return { active: true, token_type: typeOf(token), ...claimsOf(text) };
}

function typeOf({ confirmedKey }: AccessToken): "Bearer" | "DPoP" {
  return confirmedKey === null ? "Bearer" : "DPoP";
}

/** Of a token that has been verified. By name, so that a claim which is added to tokens is told only on purpose. */
function claimsOf(verified: string): object {
  const { unverified: claims } = parseCompactJws(verified, "forbidden");
  return Object.fromEntries(TOLD.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]])));
}

interface Signing {
  readonly headers: ResponseHeaders;
  readonly sign: IntrospectionEndpointDependencies["sign"];
}

/** RFC 9701 §5: neither `sub` nor `exp` beside the answer, or it could be taken for a token itself (§8.1). */
async function respondSigned(told: object, asked: ClientRequest, { headers, sign }: Signing): Promise<Response> {
  const jwt = await sign(SIGNED_TYPE, {
    aud: asked.client.client_id,
    iat: asked.nowSeconds,
    token_introspection: told,
  });
  return respondText(200, jwt, { ...headers, "content-type": SIGNED_MEDIA_TYPE });
}

/** Named in so many words: whoever takes anything gets JSON. A weight of zero refuses it (RFC 9110 §12.5.1). */
function wantsSigned(accept: string): boolean {
  return accept.split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === SIGNED_MEDIA_TYPE && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

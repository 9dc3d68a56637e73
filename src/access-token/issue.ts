import { Outage } from "../audit/reason.ts";
import { signJwt } from "../jwt/sign.ts";
import { LIMITS } from "../limits.ts";
import { formatScope } from "../policy/scope.ts";
import { Rejected } from "../redemption/rejection.ts";
import { type AccessTokenContents, SealedAccessToken } from "../redemption/sealed-access-token.ts";
import type { SigningKeys } from "../jwt/signing-keys.ts";

export const ACCESS_TOKEN_TYPE = "at+jwt";

/**
 * Signs an access token (RFC 9068) and returns it sealed: what opens it is the ledger's receipt.
 * `auth_time`, `acr` and `amr` are the identity provider's and describe that sign-in (§2.2.1); `sub_id` (RFC 9493) keeps
 * the subject's own name beside ours, for audit and policy at the gateway; `groups` (§2.2.3.1) and `email_domain` hold
 * what policy asks about, and `policy` says which policy that was.
 * @throws Outage signer_unavailable, Rejected when the token would be too long to be read
 */
export async function signAccessToken(
  contents: AccessTokenContents,
  { issuer, keys }: { readonly issuer: string; readonly keys: SigningKeys },
): Promise<SealedAccessToken> {
  const { token, kid } = await sign(claimsOf(contents, issuer), keys).catch((error: unknown) => {
    throw new Outage("signer_unavailable", { cause: error });
  });
  // An assertion whose claims make a token that nobody would read, our gateway included, is refused while it is unspent.
  if (token.length > LIMITS.jwtBytes) throw new Rejected("claims_malformed");
  return new SealedAccessToken(token, contents.tokenId, kid);
}

async function sign(
  claims: Record<string, unknown>,
  keys: SigningKeys,
): Promise<{ readonly token: string; readonly kid: string }> {
  const signer = await keys.signer();
  return { token: await signJwt(ACCESS_TOKEN_TYPE, claims, signer), kid: signer.kid };
}

/** All that the token says. */
export function claimsOf(contents: AccessTokenContents, issuer: string): Record<string, unknown> {
  const { subject, authentication, actor, confirmedKey, policyFacts, assertion } = contents;
  return {
    iss: issuer,
    aud: contents.tokenAudience,
    sub: subject.principal,
    sub_id: { format: "iss_sub", iss: subject.issuer, sub: subject.sub },
    client_id: contents.clientId,
    jti: contents.tokenId,
    iat: contents.issuedAtSeconds,
    exp: contents.expiresAtSeconds,
    scope: formatScope(contents.scope),
    organization: contents.organization,
    // Ours alone: what a revocation may name that no registered claim says.
    assertion: { iat: assertion.issuedAtSeconds, ...optional("kid", assertion.keyId) },
    ...optional(
      "authorization_details",
      contents.authorizationDetails.length === 0 ? null : contents.authorizationDetails,
    ),
    ...optional("tenant", subject.tenant),
    ...optional("act", actor?.claim ?? null),
    ...optional("auth_time", authentication.authTimeSeconds),
    ...optional("acr", authentication.acr),
    ...optional("amr", authentication.amr),
    ...optional("groups", policyFacts.groups.length > 0 ? policyFacts.groups : null),
    ...optional("email_domain", policyFacts.emailDomain),
    policy: { revision: contents.policyRevision, ...optional("asked", policyFacts.asked) },
    ...optional("cnf", confirmedKey === null ? null : { jkt: confirmedKey }),
  };
}

function optional(name: string, value: unknown): Record<string, unknown> {
  return value === null ? {} : { [name]: value };
}

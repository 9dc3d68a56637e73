import { SignJWT } from "jose";
import { Outage } from "../audit/reason.ts";
import { formatScope } from "../policy/scope.ts";
import { type AccessTokenContents, SealedAccessToken } from "../redemption/sealed-access-token.ts";
import type { SigningKeys } from "./signing-keys.ts";

export const ACCESS_TOKEN_TYPE = "at+jwt";

/**
 * Signs an access token (RFC 9068) and returns it sealed: what opens it is the ledger's receipt.
 * `auth_time`, `acr` and `amr` are the identity provider's and describe that sign-in (§2.2.1); `sub_id` (RFC 9493) keeps
 * the subject's own name beside ours, for audit and policy at the gateway.
 * @throws Outage signer_unavailable
 */
export async function signAccessToken(
  contents: AccessTokenContents,
  { issuer, keys }: { readonly issuer: string; readonly keys: SigningKeys },
): Promise<SealedAccessToken> {
  try {
    const { kid, key } = await keys.signer();
    const jwt = new SignJWT(claimsOf(contents, issuer)).setProtectedHeader({
      typ: ACCESS_TOKEN_TYPE,
      alg: "ES256",
      kid,
    });
    return new SealedAccessToken(await jwt.sign(key), contents.tokenId);
  } catch (error) {
    throw new Outage("signer_unavailable", { cause: error });
  }
}

function claimsOf(contents: AccessTokenContents, issuer: string): Record<string, unknown> {
  const { subject, authentication, actor, confirmedKey } = contents;
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
    ...optional("tenant", subject.tenant),
    ...optional("act", actor?.claim ?? null),
    ...optional("auth_time", authentication.authTimeSeconds),
    ...optional("acr", authentication.acr),
    ...optional("amr", authentication.amr),
    ...optional("cnf", confirmedKey === null ? null : { jkt: confirmedKey }),
  };
}

function optional(name: string, value: unknown): Record<string, unknown> {
  return value === null ? {} : { [name]: value };
}

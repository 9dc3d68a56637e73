import { LIMITS } from "../limits.ts";
import type { CredentialOfType } from "../trust/upstream-credential.ts";
import type { CredentialCaller } from "./supplied.ts";

type IdentityCredential = CredentialOfType<"identity">;

export interface IdentityContents {
  readonly issuer: string;
  readonly audience: string;
  readonly shape: IdentityCredential["shape"];
  /** What is said of the caller beside who he is. */
  readonly claims: IdentityCredential["claims"];
  readonly caller: CredentialCaller;
  readonly correlationId: string;
  readonly nowSeconds: number;
}

/**
 * What `token_use` says in a token about somebody, for an upstream. Our access tokens have no such claim, and none that
 * has it is one (access-token/verify.ts): its `typ` and issuer are the same, and its audience an administrator's choice.
 */
export const IDENTITY_USE = "upstream_identity";

/**
 * RFC 9068 §2.2, or a transaction token (draft-ietf-oauth-transaction-tokens), of a minute at the most and never longer
 * than the caller's own token. Without `scope` unless it is asked for: it grants nothing, it says who calls.
 */
export function identityClaims(contents: IdentityContents): Record<string, unknown> {
  const { issuer, audience, shape, caller, nowSeconds } = contents;
  const stated = statedClaims(contents);
  const common = {
    iss: issuer,
    aud: audience,
    sub: caller.principal,
    sub_id: { format: "iss_sub", iss: caller.issuer, sub: caller.subject },
    iat: nowSeconds,
    exp: Math.min(nowSeconds + LIMITS.identityTokenSeconds, caller.expiresAtSeconds),
    jti: crypto.randomUUID(),
    token_use: IDENTITY_USE,
  };
  if (shape === "at+jwt") return { ...common, client_id: caller.clientId, ...stated };
  const { scope = "", ...context } = stated;
  return {
    ...common,
    txn: contents.correlationId,
    scope,
    req_wl: issuer,
    rctx: { client_id: caller.clientId },
    tctx: context,
  };
}

function statedClaims({ claims, caller }: IdentityContents): Record<string, unknown> {
  const known: Record<IdentityCredential["claims"][number], unknown> = {
    organization: caller.organization,
    tenant: caller.tenant,
    groups: caller.groups.length === 0 ? null : caller.groups,
    email_domain: caller.emailDomain,
    act: caller.actor === null ? null : { sub: caller.actor },
    acr: caller.acr,
    amr: caller.amr,
    auth_time: caller.authTimeSeconds,
    scope: caller.scope.toSorted().join(" "),
  };
  return Object.fromEntries(claims.map((name) => [name, known[name]]).filter(([, value]) => value !== null));
}

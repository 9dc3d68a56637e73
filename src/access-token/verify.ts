import type { GatewayRefusal } from "../audit/reason.ts";
import { readNumericDate, readString } from "../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { chooseKey, isSignedBy, type KeySet } from "../jwt/verify.ts";
import { parseScope, type Scope } from "../policy/scope.ts";
import type { AuthenticationEvent } from "../redemption/assertion.ts";
import type { FencedFacts } from "../revocation/fence.ts";
import { namesOf, type Parties } from "../revocation/fence-names.ts";
import { ACCESS_TOKEN_TYPE } from "./issue.ts";

/** What a caller of the gateway has proved. */
export interface AccessToken {
  /** Ours, or the identity provider's own, which nobody has redeemed. */
  readonly kind: "own" | "provider";
  readonly tokenId: string;
  /** The resource that it is for; null where it names none or several, as none of ours does. */
  readonly audience: string | null;
  readonly principal: string;
  readonly subject: { readonly issuer: string | null; readonly sub: string | null; readonly tenant: string | null };
  readonly clientId: string;
  readonly organization: string;
  readonly actor: string | null;
  readonly scope: Scope;
  readonly authorizationDetailsTypes: ReadonlySet<string>;
  readonly authentication: AuthenticationEvent;
  readonly groups: ReadonlySet<string>;
  readonly emailDomain: string | null;
  /** Whether these are all that its provider's record has us know, so that what is not among them is not so. */
  readonly isFactsStated: boolean;
  /** The policy that decided, and what it asked about the person: both names to compare. */
  readonly policy: { readonly revision: string | null; readonly asked: string | null };
  readonly expiresAtSeconds: number;
  readonly confirmedKey: string | null;
  /** What revoking would name to end it. */
  readonly fenced: FencedFacts;
}

/** The token may be used when `refusal` is null. Where both are there, we know whose token it is that is refused. */
export type Verdict =
  | { readonly token: AccessToken; readonly refusal: GatewayRefusal | null }
  | { readonly token: null; readonly refusal: GatewayRefusal };

export interface Expectations {
  readonly issuer: string;
  /**
   * The one resource that the token must be for (RFC 8707, MCP: a sibling's token is refused); null where whoever asks
   * looks at `audience` himself.
   */
  readonly audience: string | null;
  readonly nowSeconds: number;
}

/**
 * RFC 9068 §4 for our own tokens: kind, signature, issuer, audience, expiry; scope is looked at only after all of them.
 * Exact to the second: both clocks are ours. Does not check the DPoP binding that `confirmedKey` asks for.
 */
export async function verifyAccessToken(token: string, keys: KeySet, expected: Expectations): Promise<Verdict> {
  const jws = readToken(token);
  return jws === null ? refuse("token_malformed") : verifyReadToken(jws, keys, expected);
}

/** Like `verifyAccessToken`, for who has had to look whose token it is. */
export async function verifyReadToken(jws: UnverifiedJws, keys: KeySet, expected: Expectations): Promise<Verdict> {
  if (jws.header.typ !== ACCESS_TOKEN_TYPE || jws.header.alg !== "ES256") return refuse("token_malformed");
  const key = chooseKey(keys, { kid: jws.header.kid, alg: "ES256" });
  if (typeof key === "string" || !(await isSignedBy(jws, key, "ES256"))) return refuse("token_signature");
  // Who says what it is for, says that it is none of these: see credentials/identity-claims.ts.
  if (jws.unverified["token_use"] !== undefined) return refuse("token_malformed");
  const accessToken = read(jws.unverified, key.kid ?? "");
  if (accessToken === null) return refuse("token_malformed");
  return { token: accessToken, refusal: judge(jws.unverified, accessToken, expected) };
}

function refuse(refusal: GatewayRefusal): Verdict {
  return { token: null, refusal };
}

function judge(claims: JsonObject, { expiresAtSeconds }: AccessToken, expected: Expectations): GatewayRefusal | null {
  if (claims["iss"] !== expected.issuer) return "token_issuer";
  if (expected.audience !== null && claims["aud"] !== expected.audience) return "token_audience";
  return expected.nowSeconds >= expiresAtSeconds ? "token_expired" : null;
}

function read(claims: JsonObject, signingKeyId: string): AccessToken | null {
  const expiresAtSeconds = readNumericDate(claims, "exp");
  if (typeof expiresAtSeconds !== "number") return null;
  const [tokenId, principal, clientId, organization, scopeText] = [
    "jti",
    "sub",
    "client_id",
    "organization",
    "scope",
  ].map((name) => readString(claims, name, 16_384));
  if (!isString(tokenId) || !isString(principal) || !isString(clientId) || !isString(organization)) return null;
  const scope = isString(scopeText) ? parseScope(scopeText) : null;
  if (scope === null) return null;
  const actor = isObject(claims["act"]) ? claims["act"]["sub"] : null;
  const subject = readSubject(claims);
  const named = { tokenId, principal, clientId, organization };
  const audience = readText(claims["aud"]);
  return {
    kind: "own",
    ...named,
    audience,
    scope,
    expiresAtSeconds,
    subject,
    actor: isString(actor) ? actor : null,
    authorizationDetailsTypes: readDetailsTypes(claims["authorization_details"]),
    authentication: readAuthentication(claims),
    groups: new Set(readTexts(claims["groups"])),
    emailDomain: readText(claims["email_domain"]),
    // Only what the policy of its day asked about.
    isFactsStated: false,
    policy: readPolicy(claims["policy"]),
    confirmedKey: readBinding(claims["cnf"]),
    fenced: readFenced(claims, { ...named, ...subject, signingKeyId, resource: audience ?? "" }),
  };
}

/** A token that does not say when its user signed in rests on the oldest sign-in there is. */
function readFenced(claims: JsonObject, named: Omit<Parties, "assertionKeyId">): FencedFacts {
  const assertion = isObject(claims["assertion"]) ? claims["assertion"] : {};
  const { kid, iat } = assertion;
  const authTime = claims["auth_time"];
  const names = namesOf({ ...named, assertionKeyId: isString(kid) ? kid : null });
  const assertedAt = typeof iat === "number" ? iat : 0;
  const signedInAt = typeof authTime === "number" ? Math.min(authTime, assertedAt) : assertedAt;
  return { names, signedInAtMilliseconds: signedInAt * 1000 };
}

function readDetailsTypes(details: unknown): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(details) ? details : [];
  return new Set(list.flatMap((detail) => (isObject(detail) && isString(detail["type"]) ? [detail["type"]] : [])));
}

function readSubject(claims: JsonObject): AccessToken["subject"] {
  const named = isObject(claims["sub_id"]) ? claims["sub_id"] : {};
  return { issuer: readText(named["iss"]), sub: readText(named["sub"]), tenant: readText(claims["tenant"]) };
}

function readAuthentication(claims: JsonObject): AuthenticationEvent {
  const authTimeSeconds = readNumericDate(claims, "auth_time");
  return {
    authTimeSeconds: typeof authTimeSeconds === "number" ? authTimeSeconds : null,
    acr: readText(claims["acr"]),
    amr: readTexts(claims["amr"]),
  };
}

/** Absent from tokens of before there was such a claim, and from those whose policy asked nothing. */
function readPolicy(claim: unknown): AccessToken["policy"] {
  const named = isObject(claim) ? claim : {};
  return { revision: readText(named["revision"]), asked: readText(named["asked"]) };
}

function readText(value: unknown): string | null {
  return isString(value) ? value : null;
}

function readTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isString) : [];
}

/** A binding that we cannot read matches no key, so that it can never turn a bound token into a bearer one. */
function readBinding(cnf: unknown): string | null {
  if (cnf === undefined) return null;
  return isObject(cnf) && isString(cnf["jkt"]) ? cnf["jkt"] : "unreadable";
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

/** Believes nothing in it. @returns null for what is no JWT */
export function readToken(token: string): UnverifiedJws | null {
  try {
    return parseCompactJws(token, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) return null;
    throw error;
  }
}

import { MALFORMED, readNumericDate, readString, readStringList } from "../../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { Algorithm } from "../../jwt/json-web-key.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { chooseKey, isSignedBy } from "../../jwt/verify.ts";
import { LIMITS } from "../../limits.ts";
import { findWindow } from "../../redemption/acceptance-window.ts";
import type { AdminDocument } from "../../trust/admin.ts";
import { AdminRejected } from "../rejection.ts";

export const SIGNED_REQUEST_TYPE = "crossgate-admin+jwt";

/** Signatures that are made by a key in somebody's hand; none of them has a symmetric or an RSA twin to confuse it with. */
const KEY_ALGORITHMS: readonly Algorithm[] = ["ES256", "EdDSA", "Ed25519"];

/** Of a request whose signature holds: what the caller must still see to. */
export interface RequestSignature {
  /** SHA-256 of the body, base64url: to be compared with what arrives. */
  readonly bodyDigest: string;
  readonly jti: string;
  readonly retainUntilSeconds: number;
}

interface Known {
  readonly issuer: string;
  readonly nowSeconds: number;
  readonly findDocument: (name: string) => Promise<AdminDocument>;
}

interface Verified {
  readonly document: AdminDocument;
  readonly signature: RequestSignature;
}

/**
 * One request, signed by an admin key: method, URL with its query, body, audience and a minute at most. It is spent by
 * one call, so what a proxy or a log keeps of it opens nothing. @throws AdminRejected
 */
export async function verifySignedRequest(token: string, request: Request, known: Known): Promise<Verified> {
  const jws = parse(token);
  if (jws.header.typ !== SIGNED_REQUEST_TYPE) throw new AdminRejected("admin_token_malformed");
  const { iss } = jws.unverified;
  if (typeof iss !== "string" || iss === "") throw new AdminRejected("admin_token_claims");
  const document = await known.findDocument(iss);
  await requireSignature(jws, document);
  return { document, signature: readClaims(jws.unverified, request, { ...known, admin: document.name }) };
}

async function requireSignature(jws: UnverifiedJws, document: AdminDocument): Promise<void> {
  if (document.authentication.kind !== "key") throw new AdminRejected("admin_unknown");
  if (!(await isSignedByAdmin(jws, document))) throw new AdminRejected("admin_token_signature");
}

/** Whether one of this administrator's keys signed it, whatever it says. */
export async function isSignedByAdmin(jws: UnverifiedJws, { authentication }: AdminDocument): Promise<boolean> {
  // An address or a service token that Access vouches for has no key of ours, whatever is presented in its name.
  if (authentication.kind !== "key" || authentication.key_set.kind !== "inline") return false;
  const alg = KEY_ALGORITHMS.find((allowed) => allowed === jws.header.alg);
  if (alg === undefined) return false;
  const key = chooseKey(authentication.key_set, { kid: jws.header.kid, alg });
  return typeof key !== "string" && isSignedBy(jws, key, alg);
}

function readClaims(
  claims: JsonObject,
  request: Request,
  { issuer, nowSeconds, admin }: Known & { readonly admin: string },
): RequestSignature {
  const audience = readStringList(claims, "aud", 1);
  const jti = readString(claims, "jti", LIMITS.jtiBytes);
  const bodyDigest = readString(claims, "body_sha256");
  const isMeant =
    Array.isArray(audience) &&
    audience[0] === adminAudience(issuer) &&
    claims["htm"] === request.method &&
    claims["htu"] === publicUrlOf(request, issuer);
  if (!isMeant || typeof jti !== "string" || typeof bodyDigest !== "string") {
    throw new AdminRejected("admin_token_claims", { admin });
  }
  return { jti, bodyDigest, retainUntilSeconds: readRetention(claims, nowSeconds, admin) };
}

function readRetention(claims: JsonObject, nowSeconds: number, admin: string): number {
  const issuedAtSeconds = readNumericDate(claims, "iat");
  const expiresAtSeconds = readNumericDate(claims, "exp");
  const notBeforeSeconds = readNumericDate(claims, "nbf");
  const isTyped = typeof issuedAtSeconds === "number" && typeof expiresAtSeconds === "number";
  if (!isTyped || notBeforeSeconds === MALFORMED) throw new AdminRejected("admin_token_claims", { admin });
  const times = { issuedAtSeconds, expiresAtSeconds, notBeforeSeconds: notBeforeSeconds ?? null };
  const window = findWindow(times, nowSeconds, {
    clockToleranceSeconds: LIMITS.clockToleranceSeconds,
    maximumLifetimeSeconds: LIMITS.adminRequestLifetimeSeconds,
  });
  if (typeof window === "string") throw new AdminRejected("admin_token_expired", { admin });
  return window.retainUntilSeconds;
}

/** Apart from every other audience that we have: no token for one door opens the other. */
export function adminAudience(issuer: string): string {
  return `${issuer}/admin`;
}

/** Under the name that is ours, whatever host the request came by; with the query, which changes what is asked. */
function publicUrlOf(request: Request, issuer: string): string {
  const { pathname, search } = new URL(request.url);
  return `${issuer}${pathname}${search}`;
}

function parse(token: string): UnverifiedJws {
  try {
    return parseCompactJws(token, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) throw new AdminRejected("admin_token_malformed");
    throw error;
  }
}

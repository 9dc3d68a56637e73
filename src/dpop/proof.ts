import { calculateJwkThumbprint } from "jose";
import { encodeBase64url } from "../jwt/base64url.ts";
import { MALFORMED, readNumericDate, readString } from "../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import {
  type Algorithm,
  ALGORITHMS,
  algorithmsOf,
  readVerificationKey,
  type VerificationKey,
} from "../jwt/json-web-key.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { isSignedBy } from "../jwt/verify.ts";
import { LIMITS } from "../limits.ts";
import { normalizeUrl } from "./normalize-url.ts";

/** What the HTTP request says that its proof must say too (RFC 9449 §4.3). */
export interface ProofContext {
  readonly method: string;
  /** The public URL, never an internal one. */
  readonly url: string;
  /** At a resource server: the access token that the proof must name by its hash. */
  readonly accessToken: string | null;
}

/** A proof whose signature and claims hold. Not yet: single use of `jti`, freshness of `nonce`, whose key it is. */
export interface DpopProof {
  readonly thumbprint: string;
  readonly jti: string;
  readonly nonce: string | null;
  readonly issuedAtSeconds: number;
  /** `nbf` and `exp` (RFC 7519 §4.1), which no proof needs; null where they are absent. */
  readonly notBeforeSeconds: number | null;
  readonly expiresAtSeconds: number | null;
}

/** @returns null when the proof fails any check of RFC 9449 §4.3; the sender learns no more than that. */
export async function verifyDpopProof(proof: string, context: ProofContext): Promise<DpopProof | null> {
  const jws = parse(proof);
  if (jws === null || jws.header.typ !== "dpop+jwt") return null;
  const key = readVerificationKey(jws.header.jwk);
  const alg = ALGORITHMS.find((algorithm) => algorithm === jws.header.alg);
  if (typeof key === "string" || alg === undefined) return null;
  if (!(await isOwnSignature(jws, key, alg)) || !(await matchesRequest(jws.unverified, context))) return null;
  return readProof(jws.unverified, key);
}

function parse(proof: string): UnverifiedJws | null {
  try {
    return parseCompactJws(proof, "required");
  } catch (error) {
    if (error instanceof MalformedJws) return null;
    throw error;
  }
}

async function isOwnSignature(jws: UnverifiedJws, key: VerificationKey, alg: Algorithm): Promise<boolean> {
  return algorithmsOf(key).includes(alg) && (await isSignedBy(jws, key, alg));
}

async function matchesRequest(claims: JsonObject, context: ProofContext): Promise<boolean> {
  if (claims["htm"] !== context.method || !namesUrl(claims["htu"], context.url)) return false;
  if (context.accessToken === null) return true;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(context.accessToken));
  return claims["ath"] === encodeBase64url(new Uint8Array(digest));
}

/** Compared after syntax-based normalization (RFC 9449 §4.3); a query or fragment must not be there at all. */
function namesUrl(htu: unknown, url: string): boolean {
  if (typeof htu !== "string" || /[?#]/.test(htu)) return false;
  const normalized = normalizeUrl(htu);
  return normalized !== null && normalized === normalizeUrl(url);
}

async function readProof(claims: JsonObject, key: VerificationKey): Promise<DpopProof | null> {
  const jti = readString(claims, "jti", LIMITS.jtiBytes);
  const nonce = readString(claims, "nonce");
  const times = readTimes(claims);
  if (typeof jti !== "string" || nonce === MALFORMED || times === null) return null;
  return { thumbprint: await calculateJwkThumbprint(key.material), jti, nonce: nonce ?? null, ...times };
}

function readTimes(
  claims: JsonObject,
): Pick<DpopProof, "issuedAtSeconds" | "notBeforeSeconds" | "expiresAtSeconds"> | null {
  const issuedAtSeconds = readNumericDate(claims, "iat");
  const notBeforeSeconds = readNumericDate(claims, "nbf") ?? null;
  const expiresAtSeconds = readNumericDate(claims, "exp") ?? null;
  const isTyped = notBeforeSeconds !== MALFORMED && expiresAtSeconds !== MALFORMED;
  return typeof issuedAtSeconds === "number" && isTyped
    ? { issuedAtSeconds, notBeforeSeconds, expiresAtSeconds }
    : null;
}

/** Past the last instant at which any of our clocks could still find the proof fresh, and a minute more. */
export function retainProofUntil({ issuedAtSeconds }: DpopProof): number {
  return issuedAtSeconds + 2 * LIMITS.dpopProofAgeSeconds + 60;
}

/**
 * One window around now, in both directions; replay within it is the ledger's to refuse. What the proof says of itself
 * may narrow the window and never widen it (RFC 7519 §4.1.4-4.1.5).
 */
export function isFresh({ issuedAtSeconds, ...proof }: DpopProof, nowSeconds: number): boolean {
  const tolerance = LIMITS.clockToleranceSeconds;
  const hasBegun = (proof.notBeforeSeconds ?? 0) <= nowSeconds + tolerance;
  const isOver = (proof.expiresAtSeconds ?? Infinity) <= nowSeconds - tolerance;
  return Math.abs(nowSeconds - issuedAtSeconds) <= LIMITS.dpopProofAgeSeconds && hasBegun && !isOver;
}

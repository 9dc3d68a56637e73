import { MALFORMED, readNumericDate, readString, readStringList } from "../../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { isSignedBy, type KeyChoice } from "../../jwt/verify.ts";
import { LIMITS } from "../../limits.ts";
import type { AdminDocument } from "../../trust/admin.ts";
import { AdminRejected } from "../rejection.ts";

/** Cloudflare Access in front of /admin: the team that signs, and the one application that it must sign for. */
export interface Access {
  /** https://TEAM.cloudflareaccess.com: the issuer, and where its keys are. */
  readonly team: string;
  readonly audience: string;
  /** @throws Outage keys_unavailable */
  readonly findKey: (wanted: { readonly kid: string | null; readonly alg: "RS256" }) => Promise<KeyChoice>;
}

/** Whom Access vouches for, and of which kind the document under that name must be. */
export interface VouchedName {
  readonly name: string;
  readonly kind: Exclude<AdminDocument["authentication"]["kind"], "key">;
}

/**
 * The JWT that Access adds to each request, verified here all the same: whoever reaches the Worker by another way could
 * add one too. Its header beside it that names a person is read by nobody. @throws AdminRejected, Outage
 */
export async function verifyAccessAssertion(token: string, access: Access, nowSeconds: number): Promise<VouchedName> {
  const jws = parse(token);
  if (jws.header.typ !== null && jws.header.typ !== "jwt") throw new AdminRejected("admin_token_malformed");
  // Access signs with nothing else, so no token chooses how it is verified.
  if (jws.header.alg !== "RS256") throw new AdminRejected("admin_token_signature");
  requireMeantForUs(jws.unverified, access);
  const key = await access.findKey({ kid: jws.header.kid, alg: "RS256" });
  if (typeof key === "string" || !(await isSignedBy(jws, key, "RS256"))) {
    throw new AdminRejected("admin_token_signature");
  }
  requireInTime(jws.unverified, nowSeconds);
  return readName(jws.unverified);
}

/** Before the key is looked up: a token of anybody else is no reason to ask for keys. It is believed after that alone. */
function requireMeantForUs(claims: JsonObject, { team, audience }: Access): void {
  const audiences = readStringList(claims, "aud", 16);
  const isMeant = Array.isArray(audiences) && audiences.includes(audience);
  // "org" is the token of the sign-in page itself, which is for no application.
  if (claims["iss"] !== team || !isMeant || claims["type"] !== "app") throw new AdminRejected("admin_token_claims");
}

/** A session of Access may last as long as its administrator likes, so its end is all that is asked of it. */
function requireInTime(claims: JsonObject, nowSeconds: number): void {
  const expiresAtSeconds = readNumericDate(claims, "exp");
  const issuedAtSeconds = readNumericDate(claims, "iat");
  const notBeforeSeconds = readNumericDate(claims, "nbf");
  const isTyped = typeof expiresAtSeconds === "number" && typeof issuedAtSeconds === "number";
  if (!isTyped || notBeforeSeconds === MALFORMED) throw new AdminRejected("admin_token_claims");
  const startsAtSeconds = Math.max(issuedAtSeconds, notBeforeSeconds ?? 0);
  const isOver = nowSeconds >= expiresAtSeconds;
  if (isOver || startsAtSeconds > nowSeconds + LIMITS.clockToleranceSeconds) {
    throw new AdminRejected("admin_token_expired");
  }
}

/** A person has an address, a service token a `common_name`; what claims both is neither. */
function readName(claims: JsonObject): VouchedName {
  const email = readString(claims, "email", LIMITS.emailBytes);
  const commonName = readString(claims, "common_name");
  if (typeof email === "string" && commonName === undefined) return { name: foldAddress(email), kind: "access_user" };
  if (typeof commonName === "string" && email === undefined) return { name: commonName, kind: "access_service_token" };
  throw new AdminRejected("admin_token_claims");
}

/** Providers spell addresses as people type them. Other letters than ASCII fold into ASCII ones elsewhere. */
function foldAddress(email: string): string {
  if (!/^[\x21-\x7e]+$/.test(email)) throw new AdminRejected("admin_token_claims");
  return email.toLowerCase();
}

function parse(token: string): UnverifiedJws {
  try {
    return parseCompactJws(token, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) throw new AdminRejected("admin_token_malformed");
    throw error;
  }
}

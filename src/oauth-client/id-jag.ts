import { MALFORMED, readNumericDate, readString, readStringList } from "../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import { LIMITS } from "../limits.ts";
import { OAuthFailure } from "./oauth-failure.ts";

/** What was asked for, to the letter. */
export interface ExpectedIdJag {
  /** Issuer identifier of the IdP that was asked. */
  readonly issuer: string;
  /** Issuer identifier of the authorization server that it is for. */
  readonly audience: string;
  /** Our identifier at that authorization server. */
  readonly clientId: string;
  readonly resource: string;
  readonly nowSeconds: number;
}

/**
 * Before an ID-JAG is sent on (ID-JAG §4.3.4, §9.3): is it the one that was asked for? An IdP that mixes things up would
 * have us hand one person's or another server's grant to whom it is not for. Its signature is for the server that it is
 * for: it came to us from the IdP itself. `sub` is that server's to understand; here it is only there. @throws OAuthFailure
 */
export function requireExpectedIdJag(token: string, expected: ExpectedIdJag): void {
  const { header, unverified: claims } = parse(token);
  if (header.typ !== "oauth-id-jag+jwt") throw new OAuthFailure("id_jag_type");
  if (header.alg.toLowerCase() === "none") throw new OAuthFailure("id_jag_malformed");
  if (!isText(readString(claims, "sub")) || !isText(readString(claims, "jti", LIMITS.jtiBytes))) {
    throw new OAuthFailure("id_jag_malformed");
  }
  if (readString(claims, "iss", LIMITS.urlBytes) !== expected.issuer) throw new OAuthFailure("id_jag_issuer");
  if (!isOnly(readStringList(claims, "aud", 1), expected.audience)) throw new OAuthFailure("id_jag_audience");
  if (readString(claims, "client_id", LIMITS.urlBytes) !== expected.clientId) throw new OAuthFailure("id_jag_client");
  // Absent, it would be good for whatever that server guards.
  if (!isOnly(readStringList(claims, "resource", 1), expected.resource)) throw new OAuthFailure("id_jag_resource");
  const expiresAt = readNumericDate(claims, "exp");
  if (typeof expiresAt !== "number" || expiresAt <= expected.nowSeconds) throw new OAuthFailure("id_jag_expired");
  // We proved no key, so it is bound to another's.
  if (claims["cnf"] !== undefined) throw new OAuthFailure("id_jag_confirmation");
}

function parse(token: string): UnverifiedJws {
  try {
    return parseCompactJws(token, "forbidden");
  } catch (error) {
    throw error instanceof MalformedJws ? new OAuthFailure("id_jag_malformed") : error;
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isOnly(values: ReturnType<typeof readStringList>, wanted: string): boolean {
  return values !== undefined && values !== MALFORMED && values.length === 1 && values[0] === wanted;
}

import { readNumericDate, readString, readStringList } from "../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import { LIMITS } from "../limits.ts";

interface ExpectedIdToken {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
}

/**
 * Of an ID token that came with a refresh, from the provider itself (OpenID Connect §3.1.3.7, §12.2).
 * @returns when it expires, in seconds; null when it is no ID token for us about the same person
 */
export function expiryOfIdToken(token: string, { issuer, clientId, subject }: ExpectedIdToken): number | null {
  const claims = parse(token)?.unverified;
  if (claims === undefined) return null;
  const audience = readStringList(claims, "aud", 8);
  const expiresAt = readNumericDate(claims, "exp");
  const isExpected =
    readString(claims, "iss", LIMITS.urlBytes) === issuer &&
    readString(claims, "sub") === subject &&
    Array.isArray(audience) &&
    audience.includes(clientId);
  return isExpected && typeof expiresAt === "number" ? expiresAt : null;
}

function parse(token: string): UnverifiedJws | null {
  try {
    return parseCompactJws(token, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) return null;
    throw error;
  }
}

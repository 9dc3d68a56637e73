import { MALFORMED, readNumericDate, readString, readStringList } from "../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { findWindow } from "../redemption/acceptance-window.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";
import { findTransmitter, requireSignature, type TransmitterDirectory } from "./transmitter.ts";

const CALLER_TYPE = "global-token-revocation+jwt";
export const GLOBAL_REVOCATION_PATH = "/global-token-revocation";

/** The provider that asks, and its token's identifier, which must now be consumed, once: the body is not signed. */
export interface RevocationCaller {
  readonly idp: TrustedIdp;
  readonly keyId: string | null;
  readonly jti: string;
  /** By its own clock, which is also that of its sign-ins: what it asks for is of this instant, however often it asks. */
  readonly issuedAtMilliseconds: number;
  readonly retainUntilSeconds: number;
}

/**
 * The provider's own keys are its credential, for this one purpose: a type of its own, our endpoint or issuer as the sole
 * audience, minutes to live. @throws SignalRejected, Outage
 */
export async function verifyRevocationCaller(
  token: string,
  nowMilliseconds: number,
  directory: TransmitterDirectory,
): Promise<RevocationCaller> {
  const jws = parse(token);
  const issuer = readString(jws.unverified, "iss");
  if (typeof issuer !== "string") throw new SignalRejected("authentication_failed");
  const idp = await findTransmitter(issuer, ({ global_token_revocation }) => global_token_revocation, directory);
  const keyId = await requireSignature(jws, idp, directory);
  requireAudience(jws.unverified, directory.issuer);
  return { idp, keyId, ...readTimes(jws.unverified, Math.floor(nowMilliseconds / 1000)) };
}

function requireAudience(claims: JsonObject, issuer: string): void {
  const audience = readStringList(claims, "aud", 2);
  const [only, ...others] = audience === undefined || audience === MALFORMED ? [] : audience;
  const isOurs = only === issuer || only === `${issuer}${GLOBAL_REVOCATION_PATH}`;
  if (!isOurs || others.length > 0) throw new SignalRejected("invalid_audience");
}

function readTimes(claims: JsonObject, nowSeconds: number): Omit<RevocationCaller, "idp" | "keyId"> {
  const jti = readString(claims, "jti", LIMITS.jtiBytes);
  const [issuedAtSeconds, expiresAtSeconds] = [readNumericDate(claims, "iat"), readNumericDate(claims, "exp")];
  const isTyped = typeof issuedAtSeconds === "number" && typeof expiresAtSeconds === "number";
  if (typeof jti !== "string" || !isTyped) throw new SignalRejected("authentication_failed");
  const window = findWindow({ issuedAtSeconds, expiresAtSeconds, notBeforeSeconds: null }, nowSeconds, {
    clockToleranceSeconds: LIMITS.clockToleranceSeconds,
    maximumLifetimeSeconds: LIMITS.clientAssertionLifetimeSeconds,
  });
  if (typeof window === "string") throw new SignalRejected("authentication_failed");
  return { jti, issuedAtMilliseconds: issuedAtSeconds * 1000, retainUntilSeconds: window.retainUntilSeconds };
}

function parse(token: string): UnverifiedJws {
  try {
    const jws = parseCompactJws(token, "forbidden");
    if (jws.header.typ === CALLER_TYPE) return jws;
  } catch (error) {
    if (!(error instanceof MalformedJws)) throw error;
  }
  throw new SignalRejected("authentication_failed");
}

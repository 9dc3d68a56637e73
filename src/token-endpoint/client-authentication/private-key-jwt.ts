import { MALFORMED, readNumericDate, readString, readStringList } from "../../jwt/claims.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { isSignedBy } from "../../jwt/verify.ts";
import { LIMITS } from "../../limits.ts";
import { findWindow } from "../../redemption/acceptance-window.ts";
import { verifyAgainstNobody } from "./nobody.ts";
import { Rejected } from "../../redemption/rejection.ts";
import type { Client } from "../../trust/client.ts";
import type { ClientKeyChoice, WantedKey } from "./client-key.ts";

/** Absent is fine (rfc7523bis §4 advises against insisting); a type that names another kind of JWT is not. */
const TYPES: readonly (string | null)[] = [null, "jwt", "client-authentication+jwt"];

export interface ClientAssertion {
  readonly jws: UnverifiedJws;
  readonly unverifiedClientId: string;
}

export interface SpendableJti {
  readonly jti: string;
  readonly retainUntilSeconds: number;
}

interface Verification {
  readonly issuer: string;
  readonly nowSeconds: number;
  readonly findKey: (client: Client, wanted: WantedKey) => Promise<ClientKeyChoice>;
}

/** OIDC Core §9: `iss` and `sub` are both the client's id. @throws Rejected */
export function parseClientAssertion(assertion: string, clientId: string | null): ClientAssertion {
  const jws = parse(assertion);
  if (!TYPES.includes(jws.header.typ)) throw new Rejected("client_assertion_type");
  const { iss, sub } = jws.unverified;
  const isConsistent = typeof iss === "string" && iss !== "" && iss === sub && iss === (clientId ?? iss);
  if (!isConsistent) throw new Rejected("client_assertion_claims");
  return { jws, unverifiedClientId: iss };
}

/** Signature, then claims. Single use of the `jti` is the caller's to ask of the ledger. @throws Rejected */
export async function verifyClientAssertion(
  { jws }: ClientAssertion,
  client: Client,
  verification: Verification,
): Promise<SpendableJti> {
  const alg = client.authentication.algorithms.find((allowed) => allowed === jws.header.alg);
  const key = alg === undefined ? "no_key" : await verification.findKey(client, { kid: jws.header.kid, alg });
  if (key === "metadata_invalid") throw new Rejected("client_metadata_invalid");
  if (typeof key === "string") await verifyAgainstNobody(jws);
  if (typeof key === "string" || alg === undefined || !(await isSignedBy(jws, key, alg)))
    throw new Rejected("client_assertion_signature");
  return readClaims(jws.unverified, verification);
}

function readClaims(claims: JsonObject, { issuer, nowSeconds }: Verification): SpendableJti {
  const jti = readString(claims, "jti", LIMITS.jtiBytes);
  const expiresAtSeconds = readNumericDate(claims, "exp");
  const issuedAtSeconds = readNumericDate(claims, "iat");
  const notBeforeSeconds = readNumericDate(claims, "nbf");
  const isTyped = typeof jti === "string" && typeof expiresAtSeconds === "number";
  if (!isTyped || issuedAtSeconds === MALFORMED || notBeforeSeconds === MALFORMED)
    throw new Rejected("client_assertion_claims");
  requireAudience(claims, issuer);
  const times = {
    expiresAtSeconds,
    // `iat` is optional here; without it the lifetime is what is left of it, so the cap still bounds how far off it ends.
    issuedAtSeconds: issuedAtSeconds ?? Math.min(nowSeconds, expiresAtSeconds - 1),
    notBeforeSeconds: notBeforeSeconds ?? null,
  };
  const rules = {
    clockToleranceSeconds: LIMITS.clockToleranceSeconds,
    maximumLifetimeSeconds: LIMITS.clientAssertionLifetimeSeconds,
  };
  const window = findWindow(times, nowSeconds, rules);
  if (typeof window === "string") throw new Rejected("client_assertion_expired");
  return { jti, retainUntilSeconds: window.retainUntilSeconds };
}

/** rfc7523bis §4: our issuer identifier as the sole value; an endpoint's URL here is how audiences get injected. */
function requireAudience(claims: JsonObject, issuer: string): void {
  const audience = readStringList(claims, "aud", 16);
  if (audience === undefined || audience === MALFORMED || audience.length !== 1 || audience[0] !== issuer) {
    throw new Rejected("client_assertion_audience");
  }
}

function parse(assertion: string): UnverifiedJws {
  try {
    return parseCompactJws(assertion, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) throw new Rejected("client_assertion_malformed");
    throw error;
  }
}

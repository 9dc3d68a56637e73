import { readNumericDate, readString, readStringList } from "../jwt/claims.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { assertionWellFormed } from "../redemption/checks/assertion-well-formed.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import { type ProviderToken, verifyProviderToken } from "../redemption/provider-token.ts";
import { Rejected } from "../redemption/rejection.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { ConnectRefused } from "./refusal.ts";

export interface ExpectedIdToken {
  readonly idp: TrustedIdp;
  /** Ours, at the provider. */
  readonly clientId: string;
  readonly nonce: string;
  readonly nowSeconds: number;
}

export interface IdToken extends ProviderToken {
  readonly sub: string;
  /** When the person last proved who they are; where the token does not say, when it was issued. */
  readonly signedInAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** For a page, and for nothing else. */
  readonly name: string;
}

/**
 * OIDC Core §3.1.3.7: of this provider, for us alone, for this very sign-in, now. An ID-JAG and an access token, which
 * the same keys sign, are of other types. @throws ConnectRefused, Outage
 */
export async function verifyIdToken(
  token: string,
  expected: ExpectedIdToken,
  dependencies: Pick<Dependencies, "findKey">,
): Promise<IdToken> {
  const verified = await verify(token, expected, dependencies);
  const { claims } = verified;
  const sub = readString(claims, "sub");
  const times = readTimes(claims);
  if (typeof sub !== "string" || times === null) throw new ConnectRefused("connect_id_token_invalid");
  if (!isForUs(claims, expected.clientId) || claims["nonce"] !== expected.nonce || !isTimely(times, expected)) {
    throw new ConnectRefused("connect_id_token_invalid");
  }
  const { signedInAtSeconds, expiresAtSeconds } = times;
  return { ...verified, sub, signedInAtSeconds, expiresAtSeconds, name: readName(claims) ?? sub };
}

async function verify(
  token: string,
  { idp }: ExpectedIdToken,
  dependencies: Pick<Dependencies, "findKey">,
): Promise<ProviderToken> {
  try {
    const { jws } = assertionWellFormed({ assertion: token });
    return await verifyProviderToken(jws, { idp, types: [null, "jwt"] }, dependencies);
  } catch (error) {
    if (error instanceof Rejected) throw new ConnectRefused("connect_id_token_invalid", { cause: error });
    throw error;
  }
}

/** §2: other audiences only beside us, and then with `azp`, which is ours wherever it is. */
function isForUs(claims: JsonObject, clientId: string): boolean {
  const audience = readStringList(claims, "aud", 16);
  if (!Array.isArray(audience) || !audience.includes(clientId)) return false;
  return claims["azp"] === clientId || (claims["azp"] === undefined && audience.length === 1);
}

interface Times {
  readonly expiresAtSeconds: number;
  readonly issuedAtSeconds: number;
  readonly signedInAtSeconds: number;
}

function readTimes(claims: JsonObject): Times | null {
  const [exp, iat, authTime] = ["exp", "iat", "auth_time"].map((name) => readNumericDate(claims, name));
  if (typeof exp !== "number" || typeof iat !== "number" || typeof authTime === "symbol") return null;
  return { expiresAtSeconds: exp, issuedAtSeconds: iat, signedInAtSeconds: Math.min(authTime ?? iat, iat) };
}

function isTimely({ expiresAtSeconds, issuedAtSeconds }: Times, { idp, nowSeconds }: ExpectedIdToken): boolean {
  const tolerance = idp.clock_tolerance_seconds;
  const ageSeconds = nowSeconds - issuedAtSeconds;
  return (
    nowSeconds < expiresAtSeconds + tolerance && ageSeconds >= -tolerance && ageSeconds <= LIMITS.idTokenAgeSeconds
  );
}

function readName(claims: JsonObject): string | null {
  const names = ["email", "preferred_username", "name"].map((claim) => readString(claims, claim));
  return names.find((name) => typeof name === "string") ?? null;
}

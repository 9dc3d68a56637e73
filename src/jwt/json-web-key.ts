import type { JWK } from "jose";
import { LIMITS } from "../limits.ts";
import { decodeBase64url } from "./base64url.ts";
import { isUnfitEd25519Key } from "./small-order.ts";
import { isObject, type JsonObject } from "./strict-json.ts";

/** The asymmetric algorithms this code can verify at all; each issuer and client is allowed a subset. */
export const ALGORITHMS = ["ES256", "RS256", "PS256", "ES384", "EdDSA", "Ed25519"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A public key fit for use: one key type, one algorithm or none stated, nothing private in it. */
export interface VerificationKey {
  readonly kid: string | null;
  readonly kty: "EC" | "RSA" | "OKP";
  readonly crv: string | null;
  readonly alg: Algorithm | null;
  /** Only the members that define the key, so that nothing else reaches an import. */
  readonly material: JWK;
}

export type KeyFlaw =
  | "not_an_object"
  | "symmetric_or_unknown"
  | "private_material"
  | "not_for_signatures"
  | "algorithm_mismatch"
  | "kid_malformed"
  | "rsa_size"
  | "rsa_exponent"
  | "weak_point"
  | "malformed";

const CURVES: Record<string, { kty: "EC" | "OKP"; algorithms: readonly Algorithm[]; coordinateBytes: number }> = {
  "P-256": { kty: "EC", algorithms: ["ES256"], coordinateBytes: 32 },
  "P-384": { kty: "EC", algorithms: ["ES384"], coordinateBytes: 48 },
  Ed25519: { kty: "OKP", algorithms: ["EdDSA", "Ed25519"], coordinateBytes: 32 },
};
const RSA_ALGORITHMS: readonly Algorithm[] = ["RS256", "PS256"];
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;

/**
 * Lets only keys through that are worth trusting. WebCrypto is no judge of that: in workerd it imports RSA-512 and
 * takes a JWK marked PS256 for RS256.
 */
export function readVerificationKey(jwk: unknown): VerificationKey | KeyFlaw {
  if (!isObject(jwk)) return "not_an_object";
  const flaw = findFlaw(jwk);
  if (flaw !== null) return flaw;
  if (jwk["kty"] === "RSA") return readRsaKey(jwk);
  if (jwk["kty"] === "EC" || jwk["kty"] === "OKP") return readCurveKey(jwk);
  return "symmetric_or_unknown";
}

/** The algorithms a key may verify: the one it states, or all that its type allows. */
export function algorithmsOf(key: VerificationKey): readonly Algorithm[] {
  if (key.alg !== null) return [key.alg];
  return key.kty === "RSA" ? RSA_ALGORITHMS : (CURVES[key.crv ?? ""]?.algorithms ?? []);
}

function findFlaw(jwk: JsonObject): KeyFlaw | null {
  if (PRIVATE_MEMBERS.some((member) => member in jwk)) return "private_material";
  if (jwk["use"] !== undefined && jwk["use"] !== "sig") return "not_for_signatures";
  const operations = jwk["key_ops"];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    return "not_for_signatures";
  }
  const kid = jwk["kid"];
  const kidFits = kid === undefined || (typeof kid === "string" && kid.length <= LIMITS.keyIdBytes);
  return kidFits ? null : "kid_malformed";
}

function readRsaKey(jwk: JsonObject): VerificationKey | KeyFlaw {
  const modulus = decodeMember(jwk["n"]);
  const exponent = decodeMember(jwk["e"]);
  if (modulus === null || exponent === null) return "malformed";
  const bits = bitLength(modulus);
  if (bits < LIMITS.rsaModulusMinimumBits || bits > LIMITS.rsaModulusMaximumBits) return "rsa_size";
  if (jwk["e"] !== "AQAB") return "rsa_exponent";
  return finish(jwk, "RSA", RSA_ALGORITHMS, { kty: "RSA", n: jwk["n"] as string, e: "AQAB" });
}

function readCurveKey(jwk: JsonObject): VerificationKey | KeyFlaw {
  const crv = jwk["crv"];
  const curve = typeof crv === "string" && Object.hasOwn(CURVES, crv) ? CURVES[crv] : undefined;
  if (curve === undefined || curve.kty !== jwk["kty"]) return "symmetric_or_unknown";
  const coordinates = curve.kty === "EC" ? (["x", "y"] as const) : (["x"] as const);
  const material: JWK = { kty: curve.kty, crv: crv as string };
  for (const coordinate of coordinates) {
    const decoded = decodeMember(jwk[coordinate]);
    if (decoded?.length !== curve.coordinateBytes) return "malformed";
    if (curve.kty === "OKP" && isUnfitEd25519Key(decoded)) return "weak_point";
    material[coordinate] = jwk[coordinate] as string;
  }
  return finish(jwk, curve.kty, curve.algorithms, material);
}

function finish(
  jwk: JsonObject,
  kty: VerificationKey["kty"],
  possible: readonly Algorithm[],
  material: JWK,
): VerificationKey | KeyFlaw {
  const stated = jwk["alg"];
  const alg = possible.find((algorithm) => algorithm === stated) ?? null;
  if (stated !== undefined && alg === null) return "algorithm_mismatch";
  const crv = typeof material.crv === "string" ? material.crv : null;
  return { kid: (jwk["kid"] as string | undefined) ?? null, kty, crv, alg, material };
}

function decodeMember(value: unknown): Uint8Array | null {
  return typeof value === "string" && value.length > 0 && value.length <= 1024 ? decodeBase64url(value) : null;
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}

import { errors, importJWK } from "jose";
import type { UnverifiedJws } from "./compact-jws.ts";
import { type Algorithm, algorithmsOf, type VerificationKey } from "./json-web-key.ts";

/** The keys of one owner, filtered; imports are kept so that a key is imported once, for one algorithm. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
}

export type KeyChoice = VerificationKey | "no_key" | "several_keys";

/**
 * Exactly one key or none (RFC 8725 §3.1, §3.10): by `kid` where the token has one, else by what can verify `alg`.
 * Never the first that fits, never one after the other.
 */
export function chooseKey(keySet: KeySet, wanted: { readonly kid: string | null; readonly alg: Algorithm }): KeyChoice {
  const named = wanted.kid === null ? keySet.keys : keySet.keys.filter((key) => key.kid === wanted.kid);
  if (wanted.kid !== null && named.length > 1) return "several_keys";
  const [key, ...others] = named.filter((candidate) => algorithmsOf(candidate).includes(wanted.alg));
  if (key === undefined) return "no_key";
  return others.length > 0 ? "several_keys" : key;
}

const imports = new WeakMap<VerificationKey, Map<Algorithm, CryptoKey>>();
const encoder = new TextEncoder();

/** Of a JWS that the strict parser has read, all that a signature is about. */
export type Signed = Pick<UnverifiedJws, "token" | "signature"> & { readonly header: { readonly alg: string } };

interface Signature {
  readonly name: string;
  readonly hash?: string;
  readonly saltLength?: number;
}

/** What WebCrypto is told beside the key; RFC 7518 §3.5 has the salt as long as the hash. */
const SIGNATURES: Readonly<Record<Algorithm, Signature>> = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  ES384: { name: "ECDSA", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
  Ed25519: { name: "Ed25519" },
};

/** @returns whether the signature of this compact JWS is by `key` under `alg`. A key that cannot be used says no. */
export async function isSignedBy(jws: Signed, key: VerificationKey, alg: Algorithm): Promise<boolean> {
  if (jws.header.alg !== alg) return false;
  try {
    const imported = importedBefore(key, alg) ?? (await importOnce(key, alg));
    return await crypto.subtle.verify(SIGNATURES[alg], imported, jws.signature, encoder.encode(signedTextOf(jws)));
  } catch (error) {
    // jose throws TypeError and workerd OperationError for keys they dislike (off the curve, say): a no, not a fault.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

/** RFC 7515 §5.2: the first two parts as they came, and not as they were read. */
function signedTextOf({ token }: Signed): string {
  return token.slice(0, token.lastIndexOf("."));
}

function importedBefore(key: VerificationKey, alg: Algorithm): CryptoKey | undefined {
  return imports.get(key)?.get(alg);
}

/** Keeps the imported key and not the promise: a promise begun in another request may never settle in workerd. */
async function importOnce(key: VerificationKey, alg: Algorithm): Promise<CryptoKey> {
  const imported = await importJWK(key.material, alg);
  if (imported instanceof Uint8Array) throw new TypeError("symmetric");
  const perAlgorithm = imports.get(key) ?? new Map<Algorithm, CryptoKey>();
  imports.set(key, perAlgorithm.set(alg, imported));
  return imported;
}

import { compactVerify, errors, importJWK } from "jose";
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

type Imported = Awaited<ReturnType<typeof importJWK>>;
const imports = new WeakMap<VerificationKey, Map<Algorithm, Imported>>();

/** @returns whether the signature of this compact JWS is by `key` under `alg`. A key that cannot be used says no. */
export async function isSignedBy(token: string, key: VerificationKey, alg: Algorithm): Promise<boolean> {
  try {
    await compactVerify(token, await importOnce(key, alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // jose throws TypeError and workerd OperationError for keys they dislike (off the curve, say): a no, not a fault.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

/** Keeps the imported key and not the promise: a promise begun in another request may never settle in workerd. */
async function importOnce(key: VerificationKey, alg: Algorithm): Promise<Imported> {
  const perAlgorithm = imports.get(key) ?? new Map<Algorithm, Imported>();
  imports.set(key, perAlgorithm);
  const imported = perAlgorithm.get(alg) ?? (await importJWK(key.material, alg));
  perAlgorithm.set(alg, imported);
  return imported;
}

import { type Algorithm, ALGORITHMS, algorithmsOf, readVerificationKey } from "../../src/jwt/json-web-key.ts";
import { LIMITS } from "../../src/limits.ts";

export interface KeyReport {
  readonly kid: string | null;
  readonly kind: string;
  readonly algorithms: readonly Algorithm[];
  /** Why Crossgate leaves it aside; null when it is used. */
  readonly flaw: string | null;
}

/** Each key of a set, judged as the Worker judges it. */
export function reportKeys(keys: readonly unknown[]): readonly KeyReport[] {
  return keys.map((jwk) => {
    const key = readVerificationKey(jwk);
    const described = { kid: textMember(jwk, "kid"), kind: kindOf(jwk) };
    return typeof key === "string"
      ? { ...described, algorithms: [], flaw: key }
      : { ...described, algorithms: algorithmsOf(key), flaw: null };
  });
}

/**
 * What the document should list: what a usable key can verify and, where the provider lists any, it says that it signs
 * with. Never more than that: an algorithm that is not used is only a way in.
 */
export function chooseAlgorithms(
  reports: readonly KeyReport[],
  listed: readonly string[] | null,
): readonly Algorithm[] {
  const verifiable = new Set(reports.flatMap(({ algorithms }) => algorithms));
  return ALGORITHMS.filter((algorithm) => verifiable.has(algorithm) && (listed === null || listed.includes(algorithm)));
}

/** A set of more is refused as a whole. */
export function isTooLarge(reports: readonly KeyReport[]): boolean {
  return reports.filter(({ flaw }) => flaw === null).length > LIMITS.keysPerSet;
}

function kindOf(jwk: unknown): string {
  const parts = [textMember(jwk, "kty"), textMember(jwk, "crv"), textMember(jwk, "use")];
  return parts.flatMap((part) => (part === null ? [] : [part])).join(" ");
}

function textMember(value: unknown, name: string): string | null {
  if (typeof value !== "object" || value === null) return null;
  const [, member] = Object.entries(value).find(([candidate]) => candidate === name) ?? [];
  return typeof member === "string" ? member : null;
}

import { calculateJwkThumbprint } from "jose";
import type { VerificationKey } from "./json-web-key.ts";

const thumbprints = new WeakMap<object, string>();

/** What a person calls a key by: its `kid`, or where it has none its thumbprint (RFC 7638), which anybody can compute. */
export async function nameOfKey({ kid, material }: Pick<VerificationKey, "kid" | "material">): Promise<string> {
  if (kid !== null) return kid;
  const known = thumbprints.get(material) ?? (await calculateJwkThumbprint(material));
  thumbprints.set(material, known);
  return known;
}

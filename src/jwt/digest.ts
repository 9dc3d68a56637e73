import { encodeBase64url } from "./base64url.ts";

const encoder = new TextEncoder();

/**
 * SHA-256 over several strings. Injective before the hash: every part carries its length in bytes, so ("ab", "c") and
 * ("a", "bc") are two things and no one can choose parts that collide.
 */
export function hashParts(parts: readonly string[]): Promise<ArrayBuffer> {
  const spelled = parts.map((part) => `${encoder.encode(part).length}:${part}`).join("");
  return crypto.subtle.digest("SHA-256", encoder.encode(spelled));
}

/** `hashParts` in base64url. */
export async function digestParts(parts: readonly string[]): Promise<string> {
  return encodeBase64url(new Uint8Array(await hashParts(parts)));
}

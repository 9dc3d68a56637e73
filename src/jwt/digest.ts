import { encodeBase64url } from "./base64url.ts";

const encoder = new TextEncoder();

/**
 * SHA-256 over several strings. Injective before the hash: every part carries its length in bytes, so ("ab", "c") and
 * ("a", "bc") are two things and no one can choose parts that collide.
 */
export function hashParts(parts: readonly string[]): Promise<ArrayBuffer> {
  const spelled = parts.map((part) => `${byteLength(part)}:${part}`).join("");
  return crypto.subtle.digest("SHA-256", encoder.encode(spelled));
}

function byteLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- all of ASCII, whose length needs no encoding
  return /^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length;
}

/** `hashParts` in base64url. */
export async function digestParts(parts: readonly string[]): Promise<string> {
  return encodeBase64url(new Uint8Array(await hashParts(parts)));
}

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/**
 * Decodes base64url as RFC 7515 §2 writes it and in no other way: no padding, no white space, no stray last bits.
 * Decoders differ on those, and two spellings of one token must never pass for two tokens.
 * @returns null when `text` is not the one canonical spelling.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!ALPHABET.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return encodeBase64url(bytes) === text ? bytes : null;
}

export function encodeBase64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

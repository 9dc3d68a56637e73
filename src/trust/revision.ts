import { encodeBase64url } from "../jwt/base64url.ts";

const encoder = new TextEncoder();

/** A digest of the text, so that equal texts are one revision, wherever and by whomever they were written. */
export async function revisionOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", encoder.encode(text));
  return encodeBase64url(new Uint8Array(hash).subarray(0, 12));
}

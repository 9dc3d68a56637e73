import { base64url, decodeProtectedHeader } from "jose";
import type { Signed } from "../../src/jwt/verify.ts";

/** What a signature is about, of tokens that our parser would not even read. */
export function readSigned(token: string): Signed {
  const signature = Uint8Array.from(base64url.decode(token.slice(token.lastIndexOf(".") + 1)));
  return { token, signature, header: { alg: decodeProtectedHeader(token).alg ?? "" } };
}

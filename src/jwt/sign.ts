import { encodeBase64url } from "./base64url.ts";

export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

const ECDSA = { name: "ECDSA", hash: "SHA-256" } as const;
const encoder = new TextEncoder();

/**
 * A compact JWS (RFC 7515 §7.1) under ES256 (RFC 7518 §3.4), the one algorithm that we sign with. WebCrypto gives the
 * signature in the very form that JOSE wants, r and s side by side, so there is nothing here to get wrong but the order.
 */
export async function signJwt(typ: string, claims: object, { kid, key }: SigningKey): Promise<string> {
  const signed = `${encodePart({ typ, alg: "ES256", kid })}.${encodePart(claims)}`;
  const signature = await crypto.subtle.sign(ECDSA, key, encoder.encode(signed));
  return `${signed}.${encodeBase64url(new Uint8Array(signature))}`;
}

function encodePart(value: object): string {
  return encodeBase64url(encoder.encode(JSON.stringify(value)));
}

import { exportJWK, generateKeyPair, type JWK } from "jose";
import { encodeBase64url } from "../jwt/base64url.ts";
import { type Algorithm, readVerificationKey, type VerificationKey } from "../jwt/json-web-key.ts";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

const SIGNATURES = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  ES384: { name: "ECDSA", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
  Ed25519: { name: "Ed25519" },
} as const satisfies Record<Algorithm, object>;

/** Signs in a rehearsal what the real key of a provider, or of a client, would have signed. */
export interface ThrowawayKey {
  readonly algorithm: Algorithm;
  readonly publicKey: VerificationKey;
  readonly publicJwk: JWK;
  sign(header: object, payload: object): Promise<string>;
}

/**
 * The only place in which these keys are: no document, key set or cache that an endpoint asks ever holds one, so that
 * what they sign is good for a rehearsal and nothing else. Their private halves cannot be exported.
 */
export class ThrowawayKeys {
  readonly #made = new Map<Algorithm, ThrowawayKey>();

  /** Making an RSA key takes long, so that one an algorithm is enough. Kept is the key, and no request's promise of it. */
  async keyFor(algorithm: Algorithm): Promise<ThrowawayKey> {
    const key = this.#made.get(algorithm) ?? (await makeKey(algorithm));
    this.#made.set(algorithm, key);
    return key;
  }
}

async function makeKey(algorithm: Algorithm): Promise<ThrowawayKey> {
  const { privateKey, publicKey: pair } = await generateKeyPair(algorithm, { extractable: false });
  const publicJwk = await exportJWK(pair);
  const publicKey = readVerificationKey(publicJwk);
  if (typeof publicKey === "string") throw new TypeError(`this runtime makes no ${algorithm} keys`);
  return {
    algorithm,
    publicKey,
    publicJwk,
    sign: (header, payload) => sign(header, payload, { algorithm, privateKey }),
  };
}

interface Signer {
  readonly algorithm: Algorithm;
  readonly privateKey: PrivateKey;
}

async function sign(header: object, payload: object, { algorithm, privateKey }: Signer): Promise<string> {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  const bytes = new TextEncoder().encode(input);
  const signature = await crypto.subtle.sign(SIGNATURES[algorithm], privateKey, bytes);
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

function encodePart(part: object): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(part)));
}

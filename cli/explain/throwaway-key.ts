import { exportJWK, generateKeyPair, type JWK } from "jose";
import { encodeBase64url } from "../../src/jwt/base64url.ts";
import { type Algorithm, readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { CommandError } from "../command-error.ts";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

const SIGNATURES = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  ES384: { name: "ECDSA", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
  Ed25519: { name: "Ed25519" },
} as const satisfies Record<Algorithm, object>;

/** A key that lives as long as this process, to sign what the real key of a provider would have signed. */
export interface ThrowawayKey {
  readonly algorithm: Algorithm;
  readonly publicKey: VerificationKey;
  readonly publicJwk: JWK;
  sign(header: object, payload: object): Promise<string>;
}

const made = new Map<Algorithm, Promise<ThrowawayKey>>();

/** Making an RSA key takes long, so that one an algorithm is enough. */
export function throwawayKey(algorithm: Algorithm): Promise<ThrowawayKey> {
  const key = made.get(algorithm) ?? makeKey(algorithm);
  made.set(algorithm, key);
  return key;
}

async function makeKey(algorithm: Algorithm): Promise<ThrowawayKey> {
  const { privateKey, publicKey: pair } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(pair);
  const publicKey = readVerificationKey(publicJwk);
  if (typeof publicKey === "string") throw new CommandError(`This runtime makes no ${algorithm} keys: ${publicKey}.`);
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

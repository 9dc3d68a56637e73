import { base64url, exportJWK, generateKeyPair, type JWK } from "jose";
import { CLIENT, CROSSGATE, IDP, type Members, RESOURCE } from "./documents.ts";

/**
 * An identity provider that signs whatever a test asks of it, malformed or not. WebCrypto and jose only, so that it
 * runs in workerd and in Node alike; it shares no code with what it tests.
 */
export type SigningAlgorithm = "ES256" | "ES384" | "RS256" | "PS256" | "EdDSA" | "Ed25519";

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

export interface TestKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyPair["privateKey"];
  /** The members that define the key and no others. */
  readonly material: JWK;
  /** As an identity provider publishes it. */
  readonly publicJwk: JWK;
}

const SIGNATURES = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  ES384: { name: "ECDSA", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
  Ed25519: { name: "Ed25519" },
} as const satisfies Record<SigningAlgorithm, object>;

/** Making an RSA key takes long, so one is made for each name. The value is kept and not the promise of it. */
const rsaPairs = new Map<string, KeyPair>();

async function makePair(alg: SigningAlgorithm, kid: string): Promise<KeyPair> {
  const name = `${alg} ${kid}`;
  const pair = rsaPairs.get(name) ?? (await generateKeyPair(alg, { extractable: true }));
  if (alg === "RS256" || alg === "PS256") rsaPairs.set(name, pair);
  return pair;
}

export async function makeTestKey(alg: SigningAlgorithm, kid: string = `key-${alg}`): Promise<TestKey> {
  const { privateKey, publicKey } = await makePair(alg, kid);
  const material = await exportJWK(publicKey);
  return { kid, alg, privateKey, material, publicJwk: { ...material, kid, alg, use: "sig" } };
}

/** A compact JWS over exactly these bytes, whatever they say: the key alone decides how it is signed. */
export async function signText(
  header: string | Uint8Array,
  payload: string | Uint8Array,
  key: TestKey,
): Promise<string> {
  const signingInput = `${base64url.encode(header)}.${base64url.encode(payload)}`;
  const bytes = new TextEncoder().encode(signingInput);
  const signature = await crypto.subtle.sign(SIGNATURES[key.alg], key.privateKey, bytes);
  return `${signingInput}.${base64url.encode(new Uint8Array(signature))}`;
}

/** The claims of an ID-JAG that is good now, for the documents of `documents.ts`. */
export function validClaims(overrides: Members = {}, nowSeconds: number = Math.floor(Date.now() / 1000)): Members {
  return {
    iss: IDP,
    sub: "user-ada",
    aud: CROSSGATE,
    client_id: CLIENT,
    jti: crypto.randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + 300,
    scope: "files:read files:write",
    resource: RESOURCE,
    ...overrides,
  };
}

export class TestIdp {
  readonly issuer: string;
  readonly key: TestKey;
  readonly keys: readonly TestKey[];

  private constructor(issuer: string, key: TestKey, others: readonly TestKey[]) {
    this.issuer = issuer;
    this.key = key;
    this.keys = [key, ...others];
  }

  static async start({
    issuer = IDP,
    algorithms = ["ES256"],
  }: { issuer?: string; algorithms?: readonly SigningAlgorithm[] } = {}): Promise<TestIdp> {
    const [key, ...others] = await Promise.all(algorithms.map((alg) => makeTestKey(alg)));
    if (key === undefined) throw new TypeError("an identity provider needs an algorithm");
    return new TestIdp(issuer, key, others);
  }

  /** What its `jwks_uri` answers. */
  get jwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.keys.map((key) => key.publicJwk) };
  }

  /** Signs these claims as they are. `header` overrides members of an ID-JAG's header; undefined leaves one out. */
  sign(claims: Members, { header = {}, key = this.key }: { header?: Members; key?: TestKey } = {}): Promise<string> {
    const members = { typ: "oauth-id-jag+jwt", alg: key.alg, kid: key.kid, ...header };
    return signText(JSON.stringify(members), JSON.stringify(claims), key);
  }

  /** An ID-JAG that is good now, but for what `overrides` says. */
  issue(overrides: Members = {}, options: { header?: Members; key?: TestKey } = {}): Promise<string> {
    return this.sign(validClaims({ iss: this.issuer, ...overrides }), options);
  }
}

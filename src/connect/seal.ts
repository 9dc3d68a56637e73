import { decodeBase64url, encodeBase64url } from "../jwt/base64url.ts";
import { AmbiguousJson, decodeUtf8, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";

/** What a sealed text is for. Each has a key of its own, so that none passes for another. */
export type SealKind = "connect-link" | "connect-journey";

export type Unsealed = JsonObject | "unreadable" | "expired";

const INITIALIZATION_VECTOR_BYTES = 12;
const encoder = new TextEncoder();

/**
 * Texts that we hand to a browser and believe when they come back: encrypted and authenticated (AES-256-GCM), short-lived,
 * under keys that are derived from the deployment's secret (HKDF) for this use alone. Nothing is stored for them.
 */
export class Seal {
  readonly #secret: string;
  readonly #keys = new Map<SealKind, CryptoKey>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  async seal(kind: SealKind, contents: object, expiresAtSeconds: number): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(INITIALIZATION_VECTOR_BYTES));
    const text = encoder.encode(JSON.stringify({ ...contents, expires: expiresAtSeconds }));
    const key = await this.#keyFor(kind);
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text));
    const joined = new Uint8Array(iv.length + sealed.length);
    joined.set(iv);
    joined.set(sealed, iv.length);
    return encodeBase64url(joined);
  }

  async open(kind: SealKind, sealed: string, nowSeconds: number): Promise<Unsealed> {
    const bytes = decodeBase64url(sealed);
    const text = bytes === null ? null : await decrypt(await this.#keyFor(kind), bytes);
    const contents = text === null ? null : read(text);
    if (contents === null || typeof contents["expires"] !== "number") return "unreadable";
    return nowSeconds < contents["expires"] ? contents : "expired";
  }

  /** Keeps the key and not the promise: a promise begun in another request may never settle in workerd. */
  async #keyFor(kind: SealKind): Promise<CryptoKey> {
    const known = this.#keys.get(kind);
    if (known !== undefined) return known;
    const secret = await crypto.subtle.importKey("raw", encoder.encode(this.#secret), "HKDF", false, ["deriveKey"]);
    const info = encoder.encode(`crossgate/${kind}/1`);
    const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
    const algorithm = { name: "AES-GCM", length: 256 };
    const key = await crypto.subtle.deriveKey(derivation, secret, algorithm, false, ["encrypt", "decrypt"]);
    this.#keys.set(kind, key);
    return key;
  }
}

async function decrypt(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array | null> {
  const iv = bytes.subarray(0, INITIALIZATION_VECTOR_BYTES);
  const sealed = bytes.subarray(INITIALIZATION_VECTOR_BYTES);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
  } catch {
    return null;
  }
}

function read(text: Uint8Array): JsonObject | null {
  try {
    return parseStrictObject(decodeUtf8(text));
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}

import { decodeBase64url, encodeBase64url } from "./base64url.ts";

const encoder = new TextEncoder();
const NONCE_BYTES = 12;

/**
 * Text that only we can read or make, bound to a context: AES-256-GCM under a key that is derived (HKDF, RFC 5869) from
 * one secret for one purpose, so that what was sealed for another purpose opens nothing here.
 */
export class SealedTexts {
  readonly #secret: string;
  readonly #purpose: string;
  #key: CryptoKey | null = null;

  constructor(secret: string, purpose: string) {
    this.#secret = secret;
    this.#purpose = purpose;
  }

  async seal(text: string, context: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(context) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, await this.#import(), encoder.encode(text)));
    const whole = new Uint8Array(NONCE_BYTES + sealed.length);
    whole.set(iv);
    whole.set(sealed, NONCE_BYTES);
    return encodeBase64url(whole);
  }

  /** @returns null for what was not sealed here, for this purpose and in this context. */
  async open(sealed: string, context: string): Promise<string | null> {
    const bytes = decodeBase64url(sealed);
    if (bytes === null || bytes.length <= NONCE_BYTES) return null;
    const iv = bytes.subarray(0, NONCE_BYTES);
    const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(context) };
    try {
      const opened = await crypto.subtle.decrypt(algorithm, await this.#import(), bytes.subarray(NONCE_BYTES));
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(opened);
    } catch {
      return null;
    }
  }

  /** Keeps the key and not the promise: a promise begun in another request may never settle in workerd. */
  async #import(): Promise<CryptoKey> {
    if (this.#key !== null) return this.#key;
    const root = await crypto.subtle.importKey("raw", encoder.encode(this.#secret), "HKDF", false, ["deriveKey"]);
    const info = encoder.encode(this.#purpose);
    const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
    const purpose = { name: "AES-GCM", length: 256 };
    this.#key = await crypto.subtle.deriveKey(derivation, root, purpose, false, ["encrypt", "decrypt"]);
    return this.#key;
  }
}

import { encodeBase64url } from "../jwt/base64url.ts";
import { LIMITS } from "../limits.ts";

/**
 * Server-chosen nonces for DPoP proofs (RFC 9449 §8) that cost no storage: a MAC over the number of the time window.
 * The window before is still accepted, so a nonce lives for one to two lifetimes.
 */
export class DpopNonces {
  readonly #secret: string;
  #key: CryptoKey | null = null;

  constructor(secret: string) {
    this.#secret = secret;
  }

  async current(nowSeconds: number): Promise<string> {
    return this.#of(windowAt(nowSeconds));
  }

  async accepts(nonce: string, nowSeconds: number): Promise<boolean> {
    const window = windowAt(nowSeconds);
    return nonce === (await this.#of(window)) || nonce === (await this.#of(window - 1));
  }

  async #of(window: number): Promise<string> {
    const mac = await crypto.subtle.sign("HMAC", await this.#importedKey(), new TextEncoder().encode(`dpop:${window}`));
    return encodeBase64url(new Uint8Array(mac));
  }

  async #importedKey(): Promise<CryptoKey> {
    const secret = new TextEncoder().encode(this.#secret);
    this.#key ??= await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return this.#key;
  }
}

function windowAt(nowSeconds: number): number {
  return Math.floor(nowSeconds / LIMITS.dpopNonceLifetimeSeconds);
}

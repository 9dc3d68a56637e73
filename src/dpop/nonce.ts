import { encodeBase64url } from "../jwt/base64url.ts";
import { HmacKey } from "../jwt/hmac-key.ts";
import { LIMITS } from "../limits.ts";

/**
 * Server-chosen nonces for DPoP proofs (RFC 9449 §8) that cost no storage: a MAC over the number of the time window.
 * The window before is still accepted, so a nonce lives for one to two lifetimes.
 */
export class DpopNonces {
  readonly #key: HmacKey;

  constructor(secret: string) {
    this.#key = new HmacKey(secret);
  }

  async current(nowSeconds: number): Promise<string> {
    return this.#of(windowAt(nowSeconds));
  }

  async accepts(nonce: string, nowSeconds: number): Promise<boolean> {
    const window = windowAt(nowSeconds);
    return nonce === (await this.#of(window)) || nonce === (await this.#of(window - 1));
  }

  async #of(window: number): Promise<string> {
    return encodeBase64url(await this.#key.sign(`dpop:${window}`));
  }
}

function windowAt(nowSeconds: number): number {
  return Math.floor(nowSeconds / LIMITS.dpopNonceLifetimeSeconds);
}

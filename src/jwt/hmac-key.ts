const encoder = new TextEncoder();

/** HMAC-SHA-256 under one secret, imported once. */
export class HmacKey {
  readonly #secret: string;
  #imported: CryptoKey | null = null;

  constructor(secret: string) {
    this.#secret = secret;
  }

  async sign(text: string): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", await this.#import(), encoder.encode(text)));
  }

  /** WebCrypto compares in constant time; `===` would let a MAC be guessed byte by byte. */
  async verify(mac: Uint8Array<ArrayBuffer>, text: string): Promise<boolean> {
    return crypto.subtle.verify("HMAC", await this.#import(), mac, encoder.encode(text));
  }

  /** Keeps the key and not the promise: a promise begun in another request may never settle in workerd. */
  async #import(): Promise<CryptoKey> {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const usages: ("sign" | "verify")[] = ["sign", "verify"];
    this.#imported ??= await crypto.subtle.importKey("raw", encoder.encode(this.#secret), algorithm, false, usages);
    return this.#imported;
  }
}

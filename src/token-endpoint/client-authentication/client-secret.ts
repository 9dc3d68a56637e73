const PREFIX = "hmac-sha256:";
const NOBODY = `${PREFIX}${"0".repeat(64)}`;
const encoder = new TextEncoder();

/**
 * Client secrets are random and kept as HMAC-SHA-256 under a pepper: a slow hash protects passwords, not 256 random
 * bits. WebCrypto's own `verify` does the comparing, in constant time, and takes the same steps for a client that does
 * not exist as for one that does.
 */
export class ClientSecrets {
  readonly #pepper: string;
  #key: CryptoKey | null = null;

  constructor(pepper: string) {
    this.#pepper = pepper;
  }

  /** `accepted` holds the digests of the client's record; none for a client that does not exist. */
  async matches(secret: string, accepted: readonly string[]): Promise<boolean> {
    const key = await this.#importedKey();
    const message = encoder.encode(secret);
    const candidates = accepted.length > 0 ? accepted : [NOBODY];
    const verdicts = await Promise.all(
      candidates.map((candidate) =>
        crypto.subtle.verify("HMAC", key, fromHex(candidate.slice(PREFIX.length)), message),
      ),
    );
    return accepted.length > 0 && verdicts.includes(true);
  }

  async #importedKey(): Promise<CryptoKey> {
    const pepper = encoder.encode(this.#pepper);
    this.#key ??= await crypto.subtle.importKey("raw", pepper, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    return this.#key;
  }
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

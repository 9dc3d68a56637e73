const PREFIX = "hmac-sha256:";
const encoder = new TextEncoder();

/**
 * Client secrets are random and kept as HMAC-SHA-256 under a pepper: a slow hash protects passwords, not 256 random
 * bits. Comparing takes the same steps whether the client exists or not, and never compares secrets, only digests.
 */
export class ClientSecrets {
  readonly #pepper: string;
  #key: CryptoKey | null = null;

  constructor(pepper: string) {
    this.#pepper = pepper;
  }

  /** `accepted` holds the digests of the client's record; none for a client that does not exist. */
  async matches(secret: string, accepted: readonly string[]): Promise<boolean> {
    const digest = await this.#digest(secret);
    const candidates = accepted.length > 0 ? accepted : [`${PREFIX}${"0".repeat(64)}`];
    const equal = candidates.map((candidate) => isEqual(digest, fromHex(candidate.slice(PREFIX.length))));
    return accepted.length > 0 && equal.includes(true);
  }

  async #digest(secret: string): Promise<Uint8Array> {
    const pepper = encoder.encode(this.#pepper);
    this.#key ??= await crypto.subtle.importKey("raw", pepper, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, encoder.encode(secret)));
  }
}

/** Both are digests and so of one length, without which timingSafeEqual throws. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && crypto.subtle.timingSafeEqual(left, right);
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

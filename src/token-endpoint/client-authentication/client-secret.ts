import { HmacKey } from "../../jwt/hmac-key.ts";

const PREFIX = "hmac-sha256:";
const NOBODY = `${PREFIX}${"0".repeat(64)}`;

/**
 * Client secrets are random and kept as HMAC-SHA-256 under a pepper: a slow hash protects passwords, not 256 random
 * bits. WebCrypto's own `verify` does the comparing, in constant time, and takes the same steps for a client that does
 * not exist as for one that does.
 */
export class ClientSecrets {
  readonly #key: HmacKey;

  constructor(pepper: string) {
    this.#key = new HmacKey(pepper);
  }

  /** `accepted` holds the digests of the client's record; none for a client that does not exist. */
  async matches(secret: string, accepted: readonly string[]): Promise<boolean> {
    const candidates = accepted.length > 0 ? accepted : [NOBODY];
    const verdicts = await Promise.all(
      candidates.map((candidate) => this.#key.verify(Uint8Array.fromHex(candidate.slice(PREFIX.length)), secret)),
    );
    return accepted.length > 0 && verdicts.includes(true);
  }
}

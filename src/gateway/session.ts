import type { AccessToken } from "../access-token/verify.ts";
import { decodeBase64url, encodeBase64url } from "../jwt/base64url.ts";

/** Whose session: a session id is a name and never proof of anything, so it only works for whom it was made. */
type Holder = Pick<AccessToken, "principal" | "clientId"> & { readonly resource: string };

const encoder = new TextEncoder();
/** MCP 2025-11-25, transports: visible ASCII. What else an upstream may call a session, no client could repeat. */
const UPSTREAM_ID = /^[\x21-\x7e]{1,1024}$/;

/**
 * Sessions of the era before 2026-07-28. The id that a client gets is the upstream's with a MAC over it and its holder,
 * so another principal's id, a made-up one and one for another server are all unknown here, without any storage.
 */
export class Sessions {
  readonly #secret: string;
  #key: CryptoKey | null = null;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** @returns the id to give out, or null when the upstream's is none. */
  async issue(upstreamId: string, holder: Holder): Promise<string | null> {
    if (!UPSTREAM_ID.test(upstreamId)) return null;
    const mac = await crypto.subtle.sign("HMAC", await this.#importedKey(), spell(upstreamId, holder));
    return `${upstreamId}.${encodeBase64url(new Uint8Array(mac))}`;
  }

  /** @returns the upstream's id, or null when this id was not made for this holder. */
  async resolve(sessionId: string, holder: Holder): Promise<string | null> {
    const at = sessionId.lastIndexOf(".");
    const upstreamId = sessionId.slice(0, Math.max(at, 0));
    const mac = decodeBase64url(sessionId.slice(at + 1));
    if (mac === null) return null;
    // WebCrypto compares in constant time; `===` would let a MAC be guessed byte by byte.
    const isOurs = await crypto.subtle.verify("HMAC", await this.#importedKey(), mac, spell(upstreamId, holder));
    return isOurs ? upstreamId : null;
  }

  async #importedKey(): Promise<CryptoKey> {
    const secret = encoder.encode(this.#secret);
    const usages = ["sign", "verify"];
    this.#key ??= await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, usages);
    return this.#key;
  }
}

/** Each part with its length, so that no two holders spell alike. */
function spell(upstreamId: string, { principal, clientId, resource }: Holder): Uint8Array {
  const parts = ["session", resource, principal, clientId, upstreamId];
  return encoder.encode(parts.map((part) => `${part.length}:${part}`).join(""));
}

import type { AccessToken } from "../access-token/verify.ts";
import { encodeBase64url } from "../jwt/base64url.ts";

/** Whose session: a session id is a name and never proof of anything, so it only works for whom it was made. */
type Holder = Pick<AccessToken, "principal" | "clientId"> & { readonly resource: string };

const encoder = new TextEncoder();

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

  async issue(upstreamId: string, holder: Holder): Promise<string> {
    return `${upstreamId}.${await this.#mac(upstreamId, holder)}`;
  }

  /** @returns the upstream's id, or null when this id was not made for this holder. */
  async resolve(sessionId: string, holder: Holder): Promise<string | null> {
    const at = sessionId.lastIndexOf(".");
    const upstreamId = sessionId.slice(0, Math.max(at, 0));
    return at > 0 && sessionId === (await this.issue(upstreamId, holder)) ? upstreamId : null;
  }

  async #mac(upstreamId: string, { principal, clientId, resource }: Holder): Promise<string> {
    const parts = ["session", resource, principal, clientId, upstreamId];
    const spelled = parts.map((part) => `${part.length}:${part}`).join("");
    const mac = await crypto.subtle.sign("HMAC", await this.#importedKey(), encoder.encode(spelled));
    return encodeBase64url(new Uint8Array(mac));
  }

  async #importedKey(): Promise<CryptoKey> {
    const secret = encoder.encode(this.#secret);
    this.#key ??= await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return this.#key;
  }
}

import type { AccessToken } from "../access-token/verify.ts";
import { decodeBase64url, encodeBase64url } from "../jwt/base64url.ts";
import { HmacKey } from "../jwt/hmac-key.ts";

/** Whose session: a session id is a name and never proof of anything, so it only works for whom it was made. */
type Holder = Pick<AccessToken, "principal" | "clientId"> & { readonly resource: string };

export interface Session {
  /** As the upstream calls it. */
  readonly upstreamId: string;
  /** Whether its client leads its user to URLs (elicitation in URL mode), as it said when the session began. */
  readonly takesUrls: boolean;
}

/** MCP 2025-11-25, transports: visible ASCII. What else an upstream may call a session, no client could repeat. */
const UPSTREAM_ID = /^[\x21-\x7e]{1,1024}$/;

export function isSessionId(text: string): boolean {
  return UPSTREAM_ID.test(text);
}

/**
 * Sessions of the era before 2026-07-28. The id that a client gets is the upstream's with a MAC over it and its holder,
 * so another principal's id, a made-up one and one for another server are all unknown here, without any storage.
 */
export class Sessions {
  readonly #key: HmacKey;

  constructor(secret: string) {
    this.#key = new HmacKey(secret);
  }

  /** @returns the id to give out, or null when the upstream's is none. */
  async issue({ upstreamId, takesUrls }: Session, holder: Holder): Promise<string | null> {
    if (!isSessionId(upstreamId)) return null;
    return `${upstreamId}.${encodeBase64url(await this.#key.sign(spell({ upstreamId, takesUrls }, holder)))}`;
  }

  /** @returns the session, or null when this id was not made for this holder. */
  async resolve(sessionId: string, holder: Holder): Promise<Session | null> {
    const at = sessionId.lastIndexOf(".");
    const upstreamId = sessionId.slice(0, Math.max(at, 0));
    const mac = decodeBase64url(sessionId.slice(at + 1));
    if (mac === null) return null;
    for (const takesUrls of [false, true]) {
      const session = { upstreamId, takesUrls };
      // oxlint-disable-next-line no-await-in-loop -- two at the most, and most ids are of the first kind
      if (await this.#key.verify(mac, spell(session, holder))) return session;
    }
    return null;
  }
}

/** Each part with its length, so that no two holders spell alike. */
function spell({ upstreamId, takesUrls }: Session, { principal, clientId, resource }: Holder): string {
  const parts = [takesUrls ? "session that takes URLs" : "session", resource, principal, clientId, upstreamId];
  return parts.map((part) => `${part.length}:${part}`).join("");
}

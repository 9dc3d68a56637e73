import { createHash } from "node:crypto";
import { type DpopKey, makeProof } from "../../support/dpop.ts";

/** A proof for one POST to an MCP server (RFC 9449 §7): of the key, and of the token that is bound to it. */
export function makeAccessTokenProof(key: DpopKey, token: string, url: string): Promise<string> {
  const ath = createHash("sha256").update(token).digest("base64url");
  return makeProof(key, Math.floor(Date.now() / 1000), { claims: { htu: url, ath, nonce: undefined } });
}

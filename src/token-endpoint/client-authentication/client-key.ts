import type { Algorithm } from "../../jwt/json-web-key.ts";
import type { KeyChoice } from "../../jwt/verify.ts";
import type { Client } from "../../trust/client.ts";
import type { ClientMetadata } from "../../trust/client-metadata.ts";
import type { KeySource } from "../../trust/key-source.ts";

export interface WantedKey {
  readonly kid: string | null;
  readonly alg: Algorithm;
}

export type ClientKeyChoice = KeyChoice | "metadata_invalid";

interface KeySources {
  readonly findMetadata: (clientId: string, keyId: string | null) => Promise<ClientMetadata | null>;
  readonly findKey: (clientId: string, source: KeySource, wanted: WantedKey) => Promise<KeyChoice>;
}

/** From the client's record, or from its metadata document where the record says so. @throws Outage */
export async function findClientKey(client: Client, wanted: WantedKey, sources: KeySources): Promise<ClientKeyChoice> {
  const { key_set, metadata_document } = client.authentication;
  if (!metadata_document) {
    return key_set === undefined ? "no_key" : sources.findKey(client.client_id, key_set, wanted);
  }
  const metadata = await sources.findMetadata(client.client_id, wanted.kid);
  if (metadata === null) return "metadata_invalid";
  if (metadata.algorithm !== null && metadata.algorithm !== wanted.alg) return "no_key";
  return sources.findKey(client.client_id, metadata.keySource, wanted);
}

import * as z from "zod";
import type { SigningKey } from "../src/jwt/sign.ts";
import { SigningKeys } from "../src/jwt/signing-keys.ts";
import { LIMITS } from "../src/limits.ts";
import type { OwnClient } from "../src/oauth-client/client-authentication.ts";
import type { Registration } from "../src/vault/kept-grant.ts";
import { refused, unavailable } from "./acquisition.ts";
import type { RecordFlaw } from "./vault-records.ts";

/** For one use with one server or identity provider, whose own secrets these are. */
export type RevealSecret = (name: string, whom: string) => Promise<Secret | RecordFlaw | "not_for_resource">;

interface Secret {
  readonly value: string;
  /** Where it is known. */
  readonly changedAtMilliseconds?: number;
}

const privateKeySchema = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string().min(1).max(LIMITS.keyIdBytes),
});

/** Who we are at other people's authorization servers, with what proves it. */
export class OwnClients {
  readonly #reveal: RevealSecret;
  readonly #signingKeys: string;

  constructor(reveal: RevealSecret, signingKeys: string) {
    this.#reveal = reveal;
    this.#signingKeys = signingKeys;
  }

  /** @throws AcquisitionEnded */
  async prove({ client_id: clientId, method, secret }: Registration, whom: string): Promise<OwnClient> {
    if (method === "none") return { method, clientId };
    if (method !== "private_key_jwt") {
      if (secret === null) throw refused("credential_absent");
      return { method, clientId, secret: (await this.#read(secret, whom)).value };
    }
    const key = secret === null ? await this.#ownKey() : await importKey((await this.#read(secret, whom)).value);
    return { method, clientId, key };
  }

  /**
   * With the secret that the server was shown then, and with no later one: that may be for the server which the document
   * names today. @returns null where the secret has been set since. @throws AcquisitionEnded
   */
  async proveAsThen(registration: Registration, whom: string, thenMilliseconds: number): Promise<OwnClient | null> {
    const { client_id: clientId, method, secret } = registration;
    if (method === "none" || method === "private_key_jwt" || secret === null) return this.prove(registration, whom);
    const { value, changedAtMilliseconds } = await this.#read(secret, whom);
    if (changedAtMilliseconds === undefined || changedAtMilliseconds > thenMilliseconds) return null;
    return { method, clientId, secret: value };
  }

  async #read(name: string, whom: string): Promise<Secret> {
    const revealed = await this.#reveal(name, whom);
    if (revealed === "absent") throw refused("credential_absent");
    if (revealed === "not_for_resource") throw refused("credential_not_for_resource");
    if (revealed === "keys_unavailable") throw unavailable("vault_keys_unavailable");
    if (revealed === "damaged") throw unavailable("vault_record_damaged");
    return revealed;
  }

  /** The one that `/jwks` publishes. */
  #ownKey(): Promise<SigningKey> {
    return SigningKeys.parse(this.#signingKeys).signer();
  }
}

async function importKey(text: string): Promise<SigningKey> {
  try {
    const { kid, kty, crv, x, y, d } = privateKeySchema.parse(JSON.parse(text));
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    return { kid, key: await crypto.subtle.importKey("jwk", { kty, crv, x, y, d }, algorithm, false, ["sign"]) };
  } catch {
    // Whatever it was that failed may quote the key.
    throw refused("credential_unusable");
  }
}

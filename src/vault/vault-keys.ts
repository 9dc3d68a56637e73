import * as z from "zod";
import { decodeBase64url } from "../jwt/base64url.ts";
import { LIMITS } from "../limits.ts";

const KEY_BYTES = 32;
const kidSchema = z.string().regex(/^[\w-]{1,64}$/);

/**
 * The key-encryption keys, from one secret: `current` wraps, `next` is known before it does, so that a deployment that
 * is rolled back still reads what the other wrote, and `retired` only unwraps what has not been wrapped anew.
 */
const vaultKeySetSchema = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          kid: kidSchema,
          k: z.string().refine((k) => decodeBase64url(k)?.length === KEY_BYTES),
          status: z.enum(["current", "next", "retired"]),
        }),
      )
      .min(1)
      .max(LIMITS.vaultKeys),
  })
  .refine(({ keys }) => keys.filter(({ status }) => status === "current").length === 1)
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length)
  .refine(({ keys }) => new Set(keys.map(({ k }) => k)).size === keys.length);

type VaultKey = z.output<typeof vaultKeySetSchema>["keys"][number];

export class VaultKeysInvalid extends Error {
  override readonly name = "VaultKeysInvalid";
}

/** AES key wrap (RFC 3394) needs no nonce, so a key-encryption key does not wear out, however many records it wraps. */
const WRAPPING = "AES-KW";

export class VaultKeys {
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, VaultKey>;
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  private constructor(keys: readonly VaultKey[], current: VaultKey) {
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
    this.currentId = current.kid;
  }

  /** @throws VaultKeysInvalid without a word of the secret */
  static parse(secret: string | undefined): VaultKeys {
    const parsed = vaultKeySetSchema.safeParse(readJson(secret ?? ""));
    const current = parsed.data?.keys.find(({ status }) => status === "current");
    if (current === undefined || !parsed.success)
      throw new VaultKeysInvalid(
        "VAULT_KEYS is missing or does not parse; make one with: npx crossgate keys new --vault",
      );
    return new VaultKeys(parsed.data.keys, current);
  }

  knows(kid: string): boolean {
    return this.#keys.has(kid);
  }

  /** @throws VaultKeysInvalid for a key that is not among these */
  async wrap(kid: string, dataKey: CryptoKey): Promise<ArrayBuffer> {
    return crypto.subtle.wrapKey("raw", dataKey, await this.#key(kid), WRAPPING);
  }

  /**
   * @returns null when it was not wrapped by this key
   * @throws VaultKeysInvalid for a key that is not among these
   */
  async unwrap(kid: string, wrapped: BufferSource, use: { readonly extractable: boolean }): Promise<CryptoKey | null> {
    const key = await this.#key(kid);
    const usages = ["encrypt", "decrypt"];
    return crypto.subtle.unwrapKey("raw", wrapped, key, WRAPPING, "AES-GCM", use.extractable, usages).catch(() => null);
  }

  /** Not extractable: nothing that runs later can take the key out of the runtime. */
  #key(kid: string): Promise<CryptoKey> {
    const key = this.#keys.get(kid);
    const bytes = key === undefined ? null : decodeBase64url(key.k);
    if (bytes === null) throw new VaultKeysInvalid("a record is under a key that VAULT_KEYS does not hold");
    const imported =
      this.#imported.get(kid) ?? crypto.subtle.importKey("raw", bytes, WRAPPING, false, ["wrapKey", "unwrapKey"]);
    this.#imported.set(kid, imported);
    return imported;
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

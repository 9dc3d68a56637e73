import * as z from "zod";
import { readVerificationKey, type VerificationKey } from "./json-web-key.ts";
import type { KeySet } from "./verify.ts";

/**
 * Our own keys, from one secret: `current` signs, `next` is published so that verifiers know it before it signs, and
 * `retired` still verifies what it signed. Rotating is replacing the secret with what `npx crossgate keys rotate` prints.
 */
const signingKeySchema = z
  .strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string(),
    y: z.string(),
    d: z.string().optional(),
    kid: z.string().min(1).max(128),
    alg: z.literal("ES256"),
    use: z.literal("sig"),
    status: z.enum(["current", "next", "retired"]),
  })
  .refine(({ d: _d, ...publicJwk }) => typeof readVerificationKey(publicJwk) !== "string", {
    message: "nobody could verify by this key",
  });

const signingKeySetSchema = z
  .strictObject({ keys: z.array(signingKeySchema).min(1).max(8) })
  .refine(({ keys }) => isOnePrivate(keys.filter((key) => key.status === "current")), {
    message: "exactly one key is current, and it is private",
  })
  .refine(({ keys }) => new Set(keys.map((key) => key.kid)).size === keys.length, { message: "two keys share a kid" });

function isOnePrivate(keys: readonly { readonly d?: string | undefined }[]): boolean {
  return keys.length === 1 && keys[0]?.d !== undefined;
}

type SigningJwk = z.output<typeof signingKeySchema>;
type PublicJwk = Omit<SigningJwk, "d" | "status">;

export class SigningKeysInvalid extends Error {
  override readonly name = "SigningKeysInvalid";
}

export class SigningKeys implements KeySet {
  /** What verifies our tokens. */
  readonly keys: readonly VerificationKey[];
  /** What `/jwks` publishes (RFC 7517 §5). */
  readonly published: { readonly keys: readonly PublicJwk[] };
  readonly #current: SigningJwk;
  #imported: CryptoKey | null = null;

  private constructor(keys: readonly SigningJwk[], current: SigningJwk) {
    this.#current = current;
    this.published = { keys: keys.map(({ d: _d, status: _status, ...publicJwk }) => publicJwk) };
    this.keys = this.published.keys.map((key) => readVerificationKey(key)).filter((key) => typeof key !== "string");
  }

  /** @throws SigningKeysInvalid without a word of the secret */
  static parse(secret: string): SigningKeys {
    const parsed = signingKeySetSchema.safeParse(readJson(secret));
    const current = parsed.data?.keys.find((key) => key.status === "current");
    if (!parsed.success || current === undefined)
      throw new SigningKeysInvalid("SIGNING_KEYS does not parse; make one with: npx crossgate keys new");
    return new SigningKeys(parsed.data.keys, current);
  }

  async signer(): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
    this.#imported ??= await importPrivate(this.#current);
    return { kid: this.#current.kid, key: this.#imported };
  }
}

function readJson(secret: string): unknown {
  try {
    return JSON.parse(secret);
  } catch {
    return null;
  }
}

/** Not extractable: nothing that runs later can take the key out of the runtime. */
function importPrivate({ kty, crv, x, y, d }: SigningJwk): Promise<CryptoKey> {
  const jwk: JsonWebKey = { kty, crv, x, y, ...(d === undefined ? {} : { d }) };
  return crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

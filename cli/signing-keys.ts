import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { z } from "zod";
import { CommandError } from "./command-error.ts";

/** `next` is published before it signs, and `retired` after it last signed, so that no verifier meets an unknown key. */
const signingKeySchema = z
  .object({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().min(1),
    y: z.string().min(1),
    d: z.string().min(1).exactOptional(),
    kid: z.string().min(1),
    alg: z.literal("ES256"),
    use: z.literal("sig"),
    status: z.enum(["current", "next", "retired"]),
  })
  .refine((key) => key.status === "retired" || key.d !== undefined, {
    path: ["d"],
    message: "missing: this is the public half of a key that has to sign",
  });

const signingKeySetSchema = z
  .object({ keys: z.array(signingKeySchema).max(3) })
  .refine(
    ({ keys }) => countOf(keys, "current") === 1 && countOf(keys, "next") === 1 && countOf(keys, "retired") <= 1,
    {
      path: ["keys"],
      message: "must hold one current key, one next key and at most one retired key",
    },
  );

export type SigningKey = z.output<typeof signingKeySchema>;
export interface SigningKeySet {
  readonly keys: readonly SigningKey[];
}
export type PublicSigningKey = Omit<SigningKey, "d">;

export async function createSigningKeys(): Promise<SigningKeySet> {
  return { keys: [await createSigningKey("current"), await createSigningKey("next")] };
}

/** What was published as next signs from now on; what signed until now only verifies, and only until the next rotation. */
export async function rotateSigningKeys(set: SigningKeySet): Promise<SigningKeySet> {
  const { d: _privateMember, ...outgoing } = keyWith(set, "current");
  const incoming = keyWith(set, "next");
  return {
    keys: [{ ...incoming, status: "current" }, await createSigningKey("next"), { ...outgoing, status: "retired" }],
  };
}

export function publicSigningKeys(set: SigningKeySet): PublicSigningKey[] {
  return set.keys.map(({ d: _privateMember, ...publicMembers }) => publicMembers);
}

/** @throws CommandError naming `source`, the member and the fix, and never quoting the text: it is a private key. */
export function parseSigningKeys(text: string, source: string): SigningKeySet {
  const parsed = signingKeySetSchema.safeParse(parseJson(text, source));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const member = issue?.path.join(".") ?? "";
  throw new CommandError(
    `${source} is not a signing key set: ${member}: ${issue?.message ?? "wrong shape"}. Make one with: npx crossgate keys new`,
  );
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`${source} is not JSON. Make a signing key set with: npx crossgate keys new`);
  }
}

async function createSigningKey(status: "current" | "next"): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk, "sha256");
  return signingKeySchema.parse({ ...jwk, kid, alg: "ES256", use: "sig", status });
}

function keyWith({ keys }: SigningKeySet, status: SigningKey["status"]): SigningKey {
  const key = keys.find((candidate) => candidate.status === status);
  if (key === undefined)
    throw new CommandError(`The signing key set has no ${status} key. Make a new set with: npx crossgate keys new`);
  return key;
}

function countOf(keys: readonly { readonly status: string }[], status: SigningKey["status"]): number {
  return keys.filter((key) => key.status === status).length;
}

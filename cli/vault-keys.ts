import { z } from "zod";
import { decodeBase64url, encodeBase64url } from "../src/jwt/base64url.ts";
import { LIMITS } from "../src/limits.ts";
import { CommandError } from "./command-error.ts";

const KEY_BYTES = 32;
const KID_BYTES = 9;

const vaultKeySchema = z.strictObject({
  kid: z.string().regex(/^[\w-]{1,64}$/),
  k: z.string().refine((k) => decodeBase64url(k)?.length === KEY_BYTES, "is no 256-bit key in base64url"),
  status: z.enum(["current", "next", "retired"]),
});

const vaultKeySetSchema = z
  .strictObject({ keys: z.array(vaultKeySchema).max(LIMITS.vaultKeys) })
  .refine(
    ({ keys }) => ["current", "next"].every((status) => keys.filter((key) => key.status === status).length === 1),
    { path: ["keys"], message: "must hold one current key, one next key, and retired keys besides" },
  );

type VaultKey = z.output<typeof vaultKeySchema>;
export interface VaultKeySet {
  readonly keys: readonly VaultKey[];
}

export function createVaultKeys(): VaultKeySet {
  return { keys: [createVaultKey("current"), createVaultKey("next")] };
}

/**
 * What was ahead encrypts from now on. Those before stay, since records may still be under them, but for the ones in
 * `dropped`, of which `crossgate vault rotate` has said that none is.
 */
export function rotateVaultKeys(set: VaultKeySet, dropped: readonly string[]): VaultKeySet {
  for (const kid of dropped) requireRetired(set, kid);
  const kept = set.keys.filter(({ kid }) => !dropped.includes(kid));
  const keys = [
    ...kept.filter(({ status }) => status === "next").map((key): VaultKey => ({ ...key, status: "current" })),
    createVaultKey("next"),
    ...kept.filter(({ status }) => status !== "next").map((key): VaultKey => ({ ...key, status: "retired" })),
  ];
  if (keys.length <= LIMITS.vaultKeys) return { keys };
  throw new CommandError(
    `The Worker takes ${LIMITS.vaultKeys} vault keys at the most. Run crossgate vault rotate, and leave out with --drop KID what it says no record is under.`,
  );
}

/** @throws CommandError naming `source`, the member and the fix, and never quoting the text: it is a key. */
export function parseVaultKeys(text: string, source: string): VaultKeySet {
  const parsed = vaultKeySetSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError(
    `${source} is not a vault key set: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}. Make one with: npx crossgate keys new --vault`,
  );
}

function requireRetired({ keys }: VaultKeySet, kid: string): void {
  if (keys.some((key) => key.kid === kid && key.status === "retired")) return;
  throw new CommandError(
    `--drop ${kid}: no retired key of this set has that kid; crossgate keys show --vault lists them.`,
  );
}

function createVaultKey(status: VaultKey["status"]): VaultKey {
  return { kid: randomText(KID_BYTES), k: randomText(KEY_BYTES), status };
}

function randomText(bytes: number): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

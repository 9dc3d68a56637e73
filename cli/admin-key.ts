import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { z } from "zod";
import type { ADMIN_ROLES } from "../src/trust/admin.ts";
import { CommandError } from "./command-error.ts";

const adminKeySchema = z.strictObject({
  name: z.string().min(1),
  key: z.strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().min(1),
    y: z.string().min(1),
    d: z.string().min(1),
    kid: z.string().min(1),
    alg: z.literal("ES256"),
  }),
});

/** An administrator's own half: it never leaves the machine that made it. */
export type AdminKey = z.output<typeof adminKeySchema>;
type Role = (typeof ADMIN_ROLES)[number];

const OWNER_ONLY = 0o600;

export async function createAdminKey(name: string): Promise<AdminKey> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk, "sha256");
  return adminKeySchema.parse({ name, key: { ...jwk, kid, alg: "ES256" } });
}

/** What the deployment is told: the public half, and how far it reaches. */
export function adminDocumentFor({ name, key }: AdminKey, role: Role): object {
  const { d: _private, ...publicKey } = key;
  return { name, role, authentication: { kind: "key", key_set: { keys: [{ ...publicKey, use: "sig" }] } } };
}

/** Never over a key that is there: whoever holds it would be locked out. */
export async function writeAdminKey(path: string, key: AdminKey): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(key, null, 2)}\n`, { mode: OWNER_ONLY, flag: "wx" });
    await chmod(path, OWNER_ONLY);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot write ${path}: ${reason}. Name another with --out, or move that one away.`);
  }
}

/** @throws CommandError naming path and fix, and never quoting the text: it is a private key */
export async function readAdminKey(path: string): Promise<AdminKey> {
  const { mode } = await stat(path).catch(() => {
    throw new CommandError(`There is no admin key at ${path}. Make one with: npx crossgate admin key create NAME`);
  });
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new CommandError(`Others may read the private key ${path}. Take that from them: chmod 600 ${path}`);
  }
  const parsed = adminKeySchema.safeParse(parseJson(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new CommandError(`${path} is no admin key. Make one with: npx crossgate admin key create NAME`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

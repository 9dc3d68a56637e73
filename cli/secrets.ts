import { mkdir, readFile, rename, writeFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { createRandomSecret } from "./client-secret.ts";
import { CommandError } from "./command-error.ts";
import { createSigningKeys } from "./signing-keys.ts";
import { createVaultKeys } from "./vault-keys.ts";

/** The Worker's secrets, as the text that each binding carries. */
export interface LocalSecrets {
  readonly SIGNING_KEYS: string;
  readonly CLIENT_SECRET_PEPPER: string;
  readonly STATE_SECRET: string;
  readonly AUDIT_SIGNING_KEYS: string;
  readonly VAULT_KEYS: string;
  /** Of the audit trail's sinks, which are put there by hand. */
  readonly [sink: `SINK_${string}`]: string;
}

const madeSecretsSchema = z
  .strictObject({
    SIGNING_KEYS: z.string().min(1),
    CLIENT_SECRET_PEPPER: z.string().min(1),
    STATE_SECRET: z.string().min(1),
    AUDIT_SIGNING_KEYS: z.string().min(1),
    VAULT_KEYS: z.string().min(1),
  })
  .partial();
const sinkSecretsSchema = z.record(z.templateLiteral(["SINK_", z.string()]), z.string().min(1));
type SinkSecrets = z.output<typeof sinkSecretsSchema>;
type StoredSecrets = z.output<typeof madeSecretsSchema> & SinkSecrets;

const OWNER_ONLY = 0o600;

export function secretsPath(stateDirectory: string): string {
  return join(stateDirectory, "secrets.json");
}

/**
 * Keeps what is there and makes what is missing: a restart with another pepper or signing key would turn every client
 * secret and every token of the last start into an unexplained 401.
 */
export async function ensureLocalSecrets(stateDirectory: string): Promise<LocalSecrets> {
  await mkdir(stateDirectory, { recursive: true });
  const stored = await readLocalSecrets(stateDirectory);
  const secrets: LocalSecrets = {
    ...sinkSecretsOf(stored),
    SIGNING_KEYS: stored.SIGNING_KEYS ?? JSON.stringify(await createSigningKeys()),
    CLIENT_SECRET_PEPPER: stored.CLIENT_SECRET_PEPPER ?? createRandomSecret(),
    STATE_SECRET: stored.STATE_SECRET ?? createRandomSecret(),
    AUDIT_SIGNING_KEYS: stored.AUDIT_SIGNING_KEYS ?? JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: stored.VAULT_KEYS ?? JSON.stringify(createVaultKeys()),
  };
  await (isComplete(stored) ? chmod(secretsPath(stateDirectory), OWNER_ONLY) : write(stateDirectory, secrets));
  return secrets;
}

/** @returns the members that `stateDirectory` holds; none when it holds no secrets yet. */
export async function readLocalSecrets(stateDirectory: string): Promise<StoredSecrets> {
  const path = secretsPath(stateDirectory);
  const text = await readIfPresent(path);
  if (text === undefined) return {};
  const found = z.record(z.string(), z.unknown()).safeParse(parseJson(text, path)).data ?? { "": null };
  const sinks = sinkSecretsSchema.safeParse(sinkSecretsOf(found));
  const made = madeSecretsSchema.safeParse(Object.fromEntries(Object.entries(found).filter(([name]) => !isSink(name))));
  if (sinks.success && made.success) return { ...sinks.data, ...made.data };
  const [issue] = (made.error ?? sinks.error)?.issues ?? [];
  throw new CommandError(
    `${path}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}. Correct it, or delete the file to get new secrets.`,
  );
}

function isSink(name: string): boolean {
  return /^SINK_[A-Z0-9_]+$/.test(name);
}

function sinkSecretsOf<Value>(stored: Readonly<Record<string, Value>>): Record<`SINK_${string}`, Value> {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => isSink(name)));
}

function isComplete(stored: StoredSecrets): boolean {
  return Object.keys(madeSecretsSchema.shape).every((name) => Object.hasOwn(stored, name));
}

/** Renamed into place, so that a crash leaves the old secrets or the new ones and never half a file. */
async function write(stateDirectory: string, secrets: LocalSecrets): Promise<void> {
  const path = secretsPath(stateDirectory);
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: OWNER_ONLY });
  await rename(draft, path);
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot read ${path}: ${reason}. Give this user access to it.`);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`${path} is not JSON. Correct it, or delete the file to get new secrets.`);
  }
}

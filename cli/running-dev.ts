import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { adminDocumentFor, type AdminKey, createAdminKey, readAdminKey, writeAdminKey } from "./admin-key.ts";

const runningSchema = z.strictObject({ url: z.string(), issuer: z.string(), process_id: z.int() });
type Running = z.output<typeof runningSchema>;

function runningPath(stateDirectory: string): string {
  return join(stateDirectory, "running.json");
}

export function localAdminKeyPath(stateDirectory: string): string {
  return join(stateDirectory, "admin-key.json");
}

/** Of whoever tries out calls that are held: an operator decides about none. */
export function localApproverKeyPath(stateDirectory: string): string {
  return join(stateDirectory, "approver-key.json");
}

interface LocalDocument {
  readonly key: string;
  readonly value: string;
}

/** A local Crossgate's own administrators: made when they are missing, and kept with the rest of the state. */
export async function ensureLocalAdmins(stateDirectory: string): Promise<readonly LocalDocument[]> {
  const operator = await ensureKey(localAdminKeyPath(stateDirectory), "local");
  const approver = await ensureKey(localApproverKeyPath(stateDirectory), "local-approver");
  // Nobody whom an identity provider could assert, so that every call is somebody else's.
  const subjects = [{ issuer: "local", sub: "local-approver" }];
  return [
    documentOf(operator, adminDocumentFor(operator, "operator")),
    documentOf(approver, { ...adminDocumentFor(approver, "approver"), subjects }),
  ];
}

function documentOf({ name }: AdminKey, document: object): LocalDocument {
  return { key: `admin:${name}`, value: JSON.stringify(document) };
}

async function ensureKey(path: string, name: string): Promise<AdminKey> {
  const made = await readAdminKey(path).catch(() => null);
  if (made !== null) return made;
  const key = await createAdminKey(name);
  await rm(path, { force: true });
  await writeAdminKey(path, key);
  return key;
}

/** So that other commands on the same state ask the Crossgate that runs on it, and do not write behind its back. */
export async function announceRunning(
  stateDirectory: string,
  where: Omit<Running, "process_id">,
): Promise<() => Promise<void>> {
  const path = runningPath(stateDirectory);
  await writeFile(path, `${JSON.stringify({ ...where, process_id: process.pid })}\n`);
  return () => rm(path, { force: true });
}

/** @returns null where none runs on this state, or none that is alive */
export async function findRunning(stateDirectory: string): Promise<Running | null> {
  const text = await readFile(runningPath(stateDirectory), "utf8").catch(() => "null");
  const running = runningSchema.safeParse(parseJson(text)).data;
  return running !== undefined && isAlive(running.process_id) ? running : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Signal 0 asks whether the process is there and does nothing to it. */
function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

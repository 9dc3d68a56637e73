import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "./command-error.ts";

/**
 * One process a state directory: two runtimes over one set of ledgers would each believe itself their only owner, and
 * single use would be gone. @returns what gives it up again
 */
export async function lockState(stateDirectory: string): Promise<() => Promise<void>> {
  const path = join(stateDirectory, "lock");
  await mkdir(stateDirectory, { recursive: true });
  const holder = await readHolder(path);
  if (holder !== null && isAlive(holder)) {
    throw new CommandError(
      `${stateDirectory} is in use by process ${holder}. Stop that one, or name another with --state.`,
    );
  }
  await rm(path, { force: true });
  await claim(path, stateDirectory);
  return () => rm(path, { force: true });
}

/** Exclusive, so that of two that start at once only one goes on. */
async function claim(path: string, stateDirectory: string): Promise<void> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(`${process.pid}\n`);
    await file.close();
  } catch {
    throw new CommandError(`${stateDirectory} has just been taken by another process. Name another with --state.`);
  }
}

async function readHolder(path: string): Promise<number | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  return /^\d+\n$/.test(text) ? Number(text) : null;
}

/** Signal 0 asks whether the process is there and does nothing to it. */
function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return processId !== process.pid;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

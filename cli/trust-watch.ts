import { stat } from "node:fs/promises";
import { setInterval } from "node:timers/promises";
import { listTrustFiles } from "./trust-documents.ts";

const LOOK_EVERY_MILLISECONDS = 300;

/**
 * Calls `onChange` at once, so that no edit falls between reading and watching, and after each edit of `directory` until
 * `signal` aborts. Looks instead of listening: file notifications
 * miss folders that are new, network mounts and containers, and differ by system.
 */
export async function watchTrustDirectory(
  directory: string,
  onChange: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let before: string | undefined;
  const look = async () => {
    const now = await fingerprint(directory);
    if (now !== before) await onChange();
    before = now;
  };
  await look();
  try {
    for await (const lookAgain of setInterval(LOOK_EVERY_MILLISECONDS, look, { signal })) await lookAgain();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function fingerprint(directory: string): Promise<string> {
  try {
    const files = await listTrustFiles(directory);
    const marks = await Promise.all(files.map(async ({ path }) => `${path} ${await markOf(path)}`));
    return marks.join("\n");
  } catch {
    return "no trust directory";
  }
}

async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return "gone";
  }
}

import { setTimeout as wait } from "node:timers/promises";
import type { LocalCrossgate } from "../local-runtime.ts";

const FIRST_MILLISECONDS = 60_000;
/** The cron of wrangler.toml by which the Worker signs a checkpoint, reconciles and forgets what is old. */
const HOURLY = "7 * * * *";

/**
 * The local runtime fires no crons, and without the hourly one an archive is never signed. So it is fired here: once soon
 * after the start, for those who only try things out, and then every `everySeconds`, until `signal` aborts.
 */
export async function runLocalUpkeep(
  { miniflare }: Pick<LocalCrossgate, "miniflare">,
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const worker = await miniflare.getWorker();
  for (let pause = Math.min(FIRST_MILLISECONDS, everySeconds * 1000); ; pause = everySeconds * 1000) {
    // oxlint-disable-next-line no-await-in-loop -- a round begins when the one before is over
    if (!(await isStillOn(pause, signal))) return;
    // oxlint-disable-next-line no-await-in-loop -- as above. What fails in a round, the Worker tells itself.
    await worker.scheduled({ cron: HOURLY }).catch(() => undefined);
  }
}

async function isStillOn(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  await wait(milliseconds, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

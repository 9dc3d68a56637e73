import { setTimeout as wait } from "node:timers/promises";
import type { LocalCrossgate } from "../local-runtime.ts";

const MINUTE_MILLISECONDS = 60_000;
/** The crons of wrangler.toml: by one the Worker signs a checkpoint, reconciles and forgets what is old. */
const HOURLY = "7 * * * *";
/** By this one it fetches the security events of providers that do not push them. */
const EVERY_MINUTE = "* * * * *";

/**
 * The local runtime fires no crons, and without the hourly one an archive is never signed. So they are fired here: the
 * hourly one soon after the start, for those who only try things out, and then every `everySeconds`; until `signal` aborts.
 */
export async function runLocalUpkeep(
  { miniflare }: Pick<LocalCrossgate, "miniflare">,
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const worker = await miniflare.getWorker();
  const fire = (cron: string): Promise<unknown> => worker.scheduled({ cron }).catch(() => undefined);
  const every = everySeconds * 1000;
  await Promise.all([
    repeat(
      () => fire(HOURLY),
      { firstMilliseconds: Math.min(MINUTE_MILLISECONDS, every), everyMilliseconds: every },
      signal,
    ),
    repeat(
      () => fire(EVERY_MINUTE),
      { firstMilliseconds: MINUTE_MILLISECONDS, everyMilliseconds: MINUTE_MILLISECONDS },
      signal,
    ),
  ]);
}

interface Rhythm {
  readonly firstMilliseconds: number;
  readonly everyMilliseconds: number;
}

/** What fails in a round, the Worker tells itself. */
async function repeat(
  round: () => Promise<unknown>,
  { firstMilliseconds, everyMilliseconds }: Rhythm,
  signal: AbortSignal,
): Promise<void> {
  for (let pause = firstMilliseconds; ; pause = everyMilliseconds) {
    // oxlint-disable-next-line no-await-in-loop -- a round begins when the one before is over
    if (!(await isStillOn(pause, signal))) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await round();
  }
}

async function isStillOn(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  await wait(milliseconds, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

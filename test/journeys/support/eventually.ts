import { setTimeout as wait } from "node:timers/promises";

const DEADLINE_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 20;

/** Asks until there is an answer, and says what it waited for when there is none. */
export async function eventually<Value>(
  what: string,
  ask: () => Value | null | undefined | false | Promise<Value | null | undefined | false>,
): Promise<Value> {
  const deadline = Date.now() + DEADLINE_MILLISECONDS;
  while (Date.now() < deadline) {
    const value = await ask();
    if (value !== null && value !== undefined && value !== false) return value;
    await wait(POLL_MILLISECONDS);
  }
  throw new Error(`still not after ${DEADLINE_MILLISECONDS} ms: ${what}`);
}

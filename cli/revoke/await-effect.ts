import { CommandError } from "../command-error.ts";
import type { OrderStatus } from "./orders.ts";

export interface Waiting {
  /** @throws CommandError when there is no answer, which is not yet a no */
  readonly read: (version: number) => Promise<OrderStatus>;
  readonly tell: (line: string) => void;
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly limitSeconds: number;
}

const POLL_MILLISECONDS = 1000;

/** Asks until the order is in effect, and for `limitSeconds` at most. @returns the last that was heard */
export async function awaitEffect(given: OrderStatus, waiting: Waiting): Promise<OrderStatus> {
  const until = waiting.now() + waiting.limitSeconds * 1000;
  let status = given;
  while (!isDone(status) && waiting.now() < until) {
    waiting.tell(describeWaiting(status));
    // oxlint-disable-next-line no-await-in-loop -- polling: each question comes after the pause
    await waiting.pause(POLL_MILLISECONDS);
    // oxlint-disable-next-line no-await-in-loop -- the same
    status = await readOrKeep(status, waiting);
  }
  return status;
}

export function isDone({ in_effect, people_still_connected }: OrderStatus): boolean {
  return in_effect && people_still_connected === 0;
}

function describeWaiting({ in_effect, waiting_for, ledgers, people_still_connected }: OrderStatus): string {
  if (!in_effect) return `waiting for ${waiting_for} of ${ledgers} ledgers`;
  return `waiting for the connected accounts of ${people_still_connected} to be ended`;
}

/** The order stands whether or not its status can be read just now. */
async function readOrKeep(known: OrderStatus, { read, tell }: Waiting): Promise<OrderStatus> {
  try {
    return await read(known.version);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    tell(error.message);
    return known;
  }
}

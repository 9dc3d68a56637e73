import { LIMITS } from "../../src/limits.ts";
import { AdminRefused } from "../backend/admin-client.ts";
import { CommandError } from "../command-error.ts";
import type { AccountDirectory, Existing } from "./account-directory.ts";
import type { PlacedAccount } from "./account-file.ts";

export interface Import {
  /** Where the accounts are from, for messages. */
  readonly path: string;
  readonly placed: readonly PlacedAccount[];
  readonly existing: Existing;
  /** Told after each request how many are written. */
  readonly onProgress: (written: number) => void;
}

/** What a request has around its accounts, generously. */
const ENVELOPE_BYTES = 1024;

/**
 * In the order of the file, each request all or none.
 * @throws CommandError saying which account stood in the way, how far the import came, and how to go on
 */
export async function importAccounts(directory: AccountDirectory, task: Import): Promise<void> {
  let written = 0;
  for (const batch of splitIntoRequests(task.placed)) {
    const accounts = batch.map(({ account }) => account);
    await directory.write(accounts, task.existing).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(`${task.path}: ${describeFailure(error, batch)} ${describeProgress(written, batch)}`);
    });
    written += batch.length;
    task.onProgress(written);
  }
}

/** As few as the limits of one request allow, in count and in bytes. */
export function splitIntoRequests(placed: readonly PlacedAccount[]): readonly (readonly PlacedAccount[])[] {
  const batches: PlacedAccount[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of placed) {
    const size = Buffer.byteLength(JSON.stringify(one.account)) + 1;
    const last = batches.at(-1);
    const isFull = last?.length === LIMITS.accountsPerPage || bytes + size > LIMITS.adminBodyBytes - ENVELOPE_BYTES;
    if (last === undefined || isFull) batches.push([one]);
    else last.push(one);
    bytes = last === undefined || isFull ? size : bytes + size;
  }
  return batches;
}

/** The server counts within the request; a person looks into the file. */
function describeFailure(error: CommandError, batch: readonly PlacedAccount[]): string {
  const [named = "", index] = /^accounts\.(\d+)/.exec(error instanceof AdminRefused ? error.path : "") ?? [];
  const where = batch[Number(index ?? -1)]?.where;
  return where === undefined ? error.message : error.message.replace(`(${named}`, `(${where}`);
}

function describeProgress(written: number, [next]: readonly PlacedAccount[]): string {
  if (written === 0) return "No account is known to be written.";
  return `The ${written} accounts before ${next?.where ?? "it"} are written; mend the rest and run the command again with --replace.`;
}

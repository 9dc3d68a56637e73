import { createInterface } from "node:readline/promises";
import { UsageError } from "./command-error.ts";

/** Asks at the terminal; anything but y is no. @throws UsageError where there is nobody to ask */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError("Nothing was changed: there is no terminal to ask at. Give --yes to go on without asking.");
  }
  // On stderr, so that the output of the command may go elsewhere.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} (y/N) `)).trim());
  } finally {
    terminal.close();
  }
}

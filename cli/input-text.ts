import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { CommandError, UsageError } from "./command-error.ts";

export async function readFileText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot read ${path}: ${reason}. Give the path of a file that this user may read.`);
  }
}

/** @throws UsageError at a terminal, where waiting for input that nobody announced looks like a hang */
export async function readStandardInput(wanted: string): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError(`Nothing on standard input: pipe ${wanted} into this command.`);
  return text(process.stdin);
}

import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./command-error.ts";

/** One subcommand: a file in commands/ exports it as `command`. */
export interface Command {
  /** Begins with the line of usage and ends with an example. */
  readonly help: string;
  run(commandLine: readonly string[]): Promise<void>;
}

/** node:util's parseArgs, whose complaints become a UsageError. */
export function parseCommandLine<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export interface WholeNumber {
  readonly option: string;
  readonly text: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** @throws UsageError naming the option and its range */
export function parseWholeNumber({ option, text, minimum, maximum }: WholeNumber): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= minimum && number <= maximum) return number;
  throw new UsageError(`${option} ${text}: give a whole number from ${minimum} to ${maximum}.`);
}

import { CrossgateProcess } from "./crossgate-process.ts";

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end, with nobody at a terminal. */
export async function runCrossgate(
  commandLine: readonly string[],
  { input = "", environment = {} }: { input?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<CommandOutcome> {
  const command = new CrossgateProcess(commandLine, environment);
  command.write(input);
  const code = await command.ended();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

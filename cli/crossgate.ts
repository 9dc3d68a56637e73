#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "./command.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { PROJECT_DIRECTORY } from "./project-paths.ts";

const HELP = `Usage: crossgate <command> [options]

  dev      run Crossgate on this machine and apply edits of trust and policy as they are saved
  keys     make, rotate and show the keys that sign access tokens
  secret   make a client secret and its digest

  --help      this text, or that of a command: crossgate dev --help
  --version   the version

Exit codes: 0 done, 1 failed, 2 wrong usage.

Example:

  npx crossgate dev --config config --port 8787
`;

// Loaded on demand: dev brings the whole local runtime with it, which the others need not wait for.
const COMMANDS: ReadonlyMap<string, () => Promise<{ readonly command: Command }>> = new Map([
  ["dev", () => import("./commands/dev.ts")],
  ["keys", () => import("./commands/keys.ts")],
  ["secret", () => import("./commands/secret.ts")],
]);

async function main([name, ...commandLine]: readonly string[]): Promise<void> {
  if (name === "--help" || name === "-h" || name === "help") return print(HELP);
  if (name === "--version") return print(`${await readVersion()}\n`);
  const load = COMMANDS.get(name ?? "");
  if (load === undefined) {
    throw new UsageError(
      `${name === undefined ? "No command given" : `Unknown command "${name}"`}: say one of ${[...COMMANDS.keys()].join(", ")}.`,
    );
  }
  const { command } = await load();
  const asksForHelp = commandLine.some((word) => word === "--help" || word === "-h");
  return asksForHelp ? print(command.help) : command.run(commandLine);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(PROJECT_DIRECTORY, "package.json"), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

function report(error: unknown): number {
  if (!(error instanceof CommandError)) {
    process.stderr.write(`crossgate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
  process.stderr.write(`crossgate: ${error.message}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: crossgate --help\n");
  return error.exitCode;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}

#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { endWhenNobodyReads } from "./broken-pipe.ts";
import type { Command } from "./command.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { inertLines } from "./inert-text.ts";
import { PROJECT_DIRECTORY } from "./project-paths.ts";

const HELP = `Usage: crossgate <command> [options]

  dev        run Crossgate on this machine and apply edits of trust and policy as they are saved
  check      say what is wrong with a directory of trust and policy
  test       run the expectations kept beside the policy: who may, who may not
  diff       say what applying a directory would change: who gains, who loses
  apply      check, show the difference, ask, and write KV
  export     write what is in KV back into files
  explain    say why something is granted or refused, and what would have to change
  idp        discover an identity provider and write its document; what to register at it
  tools      show what changed in an MCP server's tools, and approve it
  upstream   look at an MCP server, say what it asks for, and write its document
  status     count documents and recent decisions; name what is broken
  approval   decide about calls that are held for a person: list, show, approve, deny
  account    keep the accounts of users: add, list, show, remove, unbind, import
  revoke     stop a person, an agent, a provider, a key or a token, at once
  restore    lift what revoke has blocked
  admin      make a key for the admin API, and the document that appoints its holder
  audit      search the audit trail, export its archive, verify it
  inventory  every connection: who approved it, for what, for how many people, and how to stop it
  report     the review of access that an auditor asks for, as a page or as CSV
  keys       make, rotate and show the keys that sign access tokens or encrypt the vault
  connect    which people have connected accounts of theirs, to what; end one
  vault      credentials for MCP servers: set, list, delete, rotate, status
  secret     make a client secret and its digest

  --help      this text, or that of a command: crossgate dev --help
  --version   the version

Exit codes: 0 done, 1 failed, 2 wrong usage; diff: 3 when there are changes.

Example:

  npx crossgate dev --config config --port 8787
`;

// Loaded on demand: dev brings the whole local runtime with it, which the others need not wait for.
const COMMANDS: ReadonlyMap<string, () => Promise<{ readonly command: Command }>> = new Map([
  ["dev", () => import("./commands/dev.ts")],
  ["check", () => import("./commands/check.ts")],
  ["test", () => import("./commands/test.ts")],
  ["diff", () => import("./commands/diff.ts")],
  ["apply", () => import("./commands/apply.ts")],
  ["export", () => import("./commands/export.ts")],
  ["explain", () => import("./commands/explain.ts")],
  ["idp", () => import("./commands/idp.ts")],
  ["tools", () => import("./commands/tools.ts")],
  ["upstream", () => import("./commands/upstream.ts")],
  ["status", () => import("./commands/status.ts")],
  ["approval", () => import("./commands/approval.ts")],
  ["account", () => import("./commands/account.ts")],
  ["revoke", () => import("./commands/revoke.ts")],
  ["restore", () => import("./commands/restore.ts")],
  ["admin", () => import("./commands/admin.ts")],
  ["audit", () => import("./commands/audit.ts")],
  ["inventory", () => import("./commands/inventory.ts")],
  ["report", () => import("./commands/report.ts")],
  ["keys", () => import("./commands/keys.ts")],
  ["connect", () => import("./commands/connect.ts")],
  ["vault", () => import("./commands/vault.ts")],
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

/** An error quotes what others wrote: a provider, a document, the answer of a server. */
function report(error: unknown): number {
  if (!(error instanceof CommandError)) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`crossgate: ${inertLines(told)}\n`);
    return 1;
  }
  process.stderr.write(`crossgate: ${inertLines(error.message)}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: crossgate --help\n");
  return error.exitCode;
}

endWhenNobodyReads(process.stdout);
try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}

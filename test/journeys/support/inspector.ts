import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

const INSPECTOR = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json")),
  "clients",
  "launcher",
  "build",
  "index.js",
);

/** What the Inspector reads from its folder: see `mcp-inspector --cli --help`. */
export interface InspectorFiles {
  /** client.json: the identity provider that manages authorization. */
  readonly client?: object;
  /** oauth.json: who is signed in already. */
  readonly state?: object;
  /** mcp.json: the servers. */
  readonly servers?: Readonly<Record<string, object>>;
}

export interface Inspected {
  readonly exitCode: number | null;
  /** What it printed as its result, or as its error. */
  readonly answer: { readonly result?: unknown; readonly error?: { readonly code: string } };
}

/** The command line of the MCP Inspector, in a folder of its own. @returns runs it with further arguments */
export async function prepareInspector(files: InspectorFiles): Promise<(...words: string[]) => Promise<Inspected>> {
  const folder = await mkdtemp(join(tmpdir(), "crossgate-inspector-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { client = {}, state = { servers: {} }, servers = {} } = files;
  await writeFile(join(folder, "client.json"), JSON.stringify(client));
  await writeFile(join(folder, "oauth.json"), JSON.stringify({ state, version: 0 }));
  await writeFile(join(folder, "mcp.json"), JSON.stringify({ mcpServers: servers }));
  return (...words) => runInspector(folder, words);
}

async function runInspector(folder: string, words: readonly string[]): Promise<Inspected> {
  const running = spawn(process.execPath, [INSPECTOR, "--cli", ...words, "--format", "json", "--quiet"], {
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      MCP_STORAGE_DIR: folder,
      MCP_CLIENT_CONFIG_PATH: join(folder, "client.json"),
      MCP_INSPECTOR_SECRET_STORE: "file",
    },
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [running.stdout, running.stderr]) stream.on("data", (chunk: Buffer) => (printed += chunk));
  const exitCode = await new Promise<number | null>((resolve) => void running.once("close", resolve));
  const line = printed.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the Inspector printed no answer: ${printed}`);
  return { exitCode, answer: JSON.parse(line) as Inspected["answer"] };
}

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

const READY_WITHIN_MILLISECONDS = 15_000;
const POLL_EVERY_MILLISECONDS = 100;
const KILL_AFTER_MILLISECONDS = 2_000;
const KEPT_OUTPUT_CHARACTERS = 4_000;

// The server listens on every interface; this keeps its tools off the network that the machine is on.
const LISTEN_ON_LOOPBACK = `data:text/javascript,${encodeURIComponent(`
  import { Server } from "node:net";
  const { listen } = Server.prototype;
  Server.prototype.listen = function (port, ...rest) { return listen.call(this, port, "127.0.0.1", ...rest); };
`)}`;

export interface McpServer {
  /** The MCP endpoint itself, path included. */
  url: string;
  close(): Promise<void>;
}

/** Runs the MCP project's reference server, over streamable HTTP, as a process of its own. */
export async function startEverythingServer(options: { port?: number } = {}): Promise<McpServer> {
  const port = await freeLoopbackPort(options.port ?? 0);
  const url = `http://127.0.0.1:${port}/mcp`;
  const child = launch(port);
  const stopWithUs = () => child.kill("SIGKILL");
  process.once("exit", stopWithUs);
  const close = async () => {
    process.off("exit", stopWithUs);
    await stop(child);
  };
  try {
    await untilReady(child, url);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}

function launch(port: number): ChildProcess {
  const entry = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"));
  return spawn(process.execPath, [`--import=${LISTEN_ON_LOOPBACK}`, entry, "streamableHttp"], {
    // Only the port: its get-env tool shows the whole environment to whoever calls it.
    env: { PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Ready means that it answers MCP: it refuses a GET without a session with 400, and only once it listens. */
async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const complaint = collectComplaint(child);
  const deadline = Date.now() + READY_WITHIN_MILLISECONDS;
  while (!hasEnded(child)) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    if (await answers(url)) return;
    if (Date.now() > deadline) throw new Error(`the MCP server is not ready: ${complaint()}`);
    // oxlint-disable-next-line no-await-in-loop -- polling
    await delay(POLL_EVERY_MILLISECONDS);
  }
  throw new Error(`the MCP server ended with ${child.exitCode ?? child.signalCode}: ${complaint()}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status === 400;
  } catch {
    return false;
  }
}

/** Keeps the end of what it writes to stderr, and passes it on if it dies when nobody asked it to. */
function collectComplaint(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-KEPT_OUTPUT_CHARACTERS);
  });
  child.once("exit", (code, signal) => {
    if (!child.killed) process.stderr.write(`MCP server ended with ${code ?? signal}: ${text}\n`);
  });
  return () => text.trim();
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const overdue = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MILLISECONDS);
  await ended;
  clearTimeout(overdue);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

// A port that somebody else holds is refused here: their server might answer the poll in place of ours.
async function freeLoopbackPort(wanted: number): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(wanted, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

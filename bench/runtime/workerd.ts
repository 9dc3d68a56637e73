import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { endRuntimeWithThisProcess } from "../../cli/runtime-guard.ts";
import { pinProcess, readProcessorMilliseconds, readResidentBytes } from "./processor.ts";
import { formatConfig, type WorkerdConfig } from "./workerd-config.ts";

export interface WorkerdOptions {
  readonly config: WorkerdConfig;
  /** Holds the modules that the configuration names; the configuration is written beside them. */
  readonly directory: string;
  readonly core: number | null;
  readonly flags?: readonly string[];
}

const READY_WITHIN_MILLISECONDS = 20_000;
const KILL_AFTER_MILLISECONDS = 3_000;
const CONTROL_FILE_DESCRIPTOR = 3;
const KEPT_OUTPUT_CHARACTERS = 4_000;

const listeningSchema = z.object({ event: z.literal("listen"), socket: z.string(), port: z.int() });

/** The bare runtime, without the proxies and the logging that a development server puts in front of it. */
export class Workerd {
  readonly #child: ChildProcess;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #complaint: () => string;
  readonly startedInMilliseconds: number;

  private constructor(child: ChildProcess, started: Started) {
    this.#child = child;
    this.#ports = started.ports;
    this.#complaint = started.complaint;
    this.startedInMilliseconds = started.inMilliseconds;
  }

  /** @returns when every socket listens, which is after every Worker has been compiled and its modules have run. */
  static async start({ config, directory, core, flags = [] }: WorkerdOptions): Promise<Workerd> {
    await mkdir(directory, { recursive: true });
    const path = join(directory, "config.capnp");
    await writeFile(path, formatConfig(config));
    endRuntimeWithThisProcess();
    const begunAt = performance.now();
    const control = `--control-fd=${CONTROL_FILE_DESCRIPTOR}`;
    const child = spawn(findBinary(), ["serve", path, "--experimental", control, ...flags], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    if (core !== null && child.pid !== undefined) pinProcess(child.pid, core);
    const complaint = collectComplaint(child);
    const ports = await untilListening(child, config.sockets.length, complaint);
    return new Workerd(child, { ports, complaint, inMilliseconds: performance.now() - begunAt });
  }

  /** The end of what the runtime wrote: errors of Workers, mostly. */
  get complaint(): string {
    return this.#complaint();
  }

  port(socket: string): number {
    const port = this.#ports.get(socket);
    if (port === undefined) throw new TypeError(`no socket is named ${socket}`);
    return port;
  }

  get processorMilliseconds(): number | null {
    return this.#child.pid === undefined ? null : readProcessorMilliseconds(this.#child.pid);
  }

  get residentBytes(): number | null {
    return this.#child.pid === undefined ? null : readResidentBytes(this.#child.pid);
  }

  /** What a run leaves behind, such as records to deliver, is part of its cost and none of the next run's. */
  async settle(quietMilliseconds: number): Promise<void> {
    const { stepMilliseconds, limitMilliseconds } = SETTLING;
    let quiet = 0;
    let before = this.processorMilliseconds;
    for (let waited = 0; waited < limitMilliseconds && quiet < quietMilliseconds; waited += stepMilliseconds) {
      // oxlint-disable-next-line no-await-in-loop -- polling
      await delay(stepMilliseconds);
      const now = this.processorMilliseconds;
      if (before === null || now === null) return;
      quiet = now - before <= SETTLING.idleMilliseconds ? quiet + stepMilliseconds : 0;
      before = now;
    }
  }

  /** As the machine would end it, in the middle of whatever it does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** Stands still for a while, with everything that it holds, and goes on as if nothing had been. */
  async freeze(milliseconds: number): Promise<void> {
    this.#child.kill("SIGSTOP");
    await delay(milliseconds);
    this.#child.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), KILL_AFTER_MILLISECONDS);
    await ended;
    clearTimeout(killing);
  }
}

const SETTLING = { stepMilliseconds: 200, idleMilliseconds: 10, limitMilliseconds: 20_000 };

/** The runtime itself and not the script that finds it: a script would be one process more between us and it. */
function findBinary(): string {
  const found: unknown = createRequire(import.meta.url)("workerd");
  const path = typeof found === "object" && found !== null && "default" in found ? found.default : found;
  if (typeof path !== "string") throw new TypeError("the workerd package does not name its program");
  return path;
}

interface Started {
  readonly ports: ReadonlyMap<string, number>;
  readonly complaint: () => string;
  readonly inMilliseconds: number;
}

async function untilListening(
  child: ChildProcess,
  sockets: number,
  complaint: () => string,
): Promise<Map<string, number>> {
  const control = child.stdio[CONTROL_FILE_DESCRIPTOR];
  if (!(control instanceof Readable)) throw new TypeError("the runtime has no control channel");
  const limit = setTimeout(() => child.kill("SIGKILL"), READY_WITHIN_MILLISECONDS);
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { data } = listeningSchema.safeParse(JSON.parse(line));
    if (data !== undefined) ports.set(data.socket, data.port);
    if (ports.size === sockets) break;
  }
  clearTimeout(limit);
  if (ports.size === sockets) return ports;
  throw new Error(`the runtime did not start:\n${complaint()}`);
}

function collectComplaint(child: ChildProcess): () => string {
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
  });
  return () => output;
}

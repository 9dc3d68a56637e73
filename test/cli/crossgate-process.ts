import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const ENTRY = join(import.meta.dirname, "..", "..", "cli", "crossgate.ts");
const DEADLINE_MILLISECONDS = 60_000;

/** The command as a person starts it, with its lines of stdout to wait for. */
export class CrossgateProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #stdout = "";
  #stderr = "";

  constructor(commandLine: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [ENTRY, ...commandLine], { env: { ...process.env, ...environment } });
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
    onTestFinished(() => this.signal("SIGKILL"));
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** @returns the first complete line of stdout that holds `wanted` */
  async line(wanted: string): Promise<string> {
    const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
    for (;;) {
      const found = this.#stdout
        .split("\n")
        .slice(0, -1)
        .find((line) => line.includes(wanted));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error(`ended without "${wanted}": ${this.#stdout}${this.#stderr}`);
      if (this.#child.stdout === null) throw new Error("no stdout");
      await Promise.race([once(this.#child.stdout, "data", { signal: deadline }), this.#ended]);
    }
  }

  write(text: string): void {
    this.#child.stdin?.end(text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  ended(): Promise<number | null> {
    return this.#ended;
  }
}

import { createHash } from "node:crypto";
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mutant } from "./mutant.ts";
import type { Verdict } from "./trial.ts";

/** What a verdict rests on beside the mutant and its tests. */
const GROUND = [
  "src/**/*.ts",
  "durable-objects/**/*.ts",
  "migrations/*",
  "test/support/**/*.ts",
  "test/vitest.config.ts",
  "wrangler.toml",
  "package-lock.json",
  "tsconfig.json",
];

/** Verdicts of earlier runs, each for exactly the text that it was given on. */
export class Journal {
  readonly #path: string;
  readonly #directory: string;
  readonly #ground: string;
  readonly #verdicts = new Map<string, Verdict>();

  constructor(path: string, directory: string) {
    this.#path = path;
    this.#directory = directory;
    this.#ground = digest(directory, globSync(GROUND, { cwd: directory }).toSorted());
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    for (const line of lines.filter((text) => text.endsWith("}"))) {
      const { key, verdict } = JSON.parse(line) as { key: string; verdict: Verdict };
      this.#verdicts.set(key, verdict);
    }
  }

  find(mutant: Mutant): Verdict | null {
    return this.#verdicts.get(this.#keyOf(mutant)) ?? null;
  }

  add(mutant: Mutant, verdict: Verdict): void {
    this.#append(this.#keyOf(mutant), { id: mutant.id, verdict });
  }

  /** Whether a file of tests has passed without any mistake. */
  isHealthy(file: string): boolean {
    return this.#verdicts.has(this.#healthKeyOf(file));
  }

  addHealthy(file: string): void {
    this.#append(this.#healthKeyOf(file), { id: file, verdict: { outcome: "survived", by: null } });
  }

  #append(key: string, { id, verdict }: { readonly id: string; readonly verdict: Verdict }): void {
    this.#verdicts.set(key, verdict);
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${JSON.stringify({ key, id, verdict })}\n`);
  }

  #healthKeyOf(file: string): string {
    return shorten(`${this.#ground}\nhealth\n${digest(this.#directory, [file])}`);
  }

  #keyOf(mutant: Mutant): string {
    const own = `${JSON.stringify(mutant)}\n${digest(this.#directory, mutant.tests)}`;
    return shorten(`${this.#ground}\n${own}`);
  }
}

function shorten(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}

function digest(directory: string, files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(directory, file)))
      .update("\0");
  return hash.digest("hex");
}

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { vi } from "vitest";
import { temporaryDirectory } from "../temporary-directory.ts";

/** Records its arguments and what the files that they name hold; answers from files named after the first three words. */
const SCRIPT = `#!/usr/bin/env node
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const directory = process.env.FAKE_WRANGLER;
const words = process.argv.slice(2);
const file = words[1] === "bulk" ? readFileSync(words[3], "utf8") : null;
appendFileSync(join(directory, "calls.ndjson"), JSON.stringify({ words, file }) + "\\n");
const name = words[1] === "key" && words[2] === "get" ? encodeURIComponent(words[3]) : words.slice(0, 3).join("-");
const answer = join(directory, name);
if (existsSync(answer + ".stderr")) { process.stderr.write(readFileSync(answer + ".stderr")); process.exit(1); }
if (existsSync(answer)) process.stdout.write(readFileSync(answer));
`;

export interface WranglerCall {
  readonly words: readonly string[];
  readonly file: string | null;
}

/** Stands first on PATH, for this process and those that it starts, until the end of the test. */
export class FakeWrangler {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async install(
    documents: readonly { readonly key: string; readonly value: string }[] = [],
  ): Promise<FakeWrangler> {
    const directory = await temporaryDirectory();
    const fake = new FakeWrangler(join(directory, "answers"));
    await mkdir(fake.directory);
    await writeFile(join(directory, "wrangler"), SCRIPT);
    await chmod(join(directory, "wrangler"), 0o755);
    vi.stubEnv("PATH", [directory, process.env["PATH"]].join(delimiter));
    vi.stubEnv("FAKE_WRANGLER", fake.directory);
    await fake.answer("kv-key-list", JSON.stringify(documents.map(({ key }) => ({ name: key }))));
    for (const { key, value } of documents) await fake.answer(encodeURIComponent(key), value);
    return fake;
  }

  async answer(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, name), text);
  }

  async calls(): Promise<readonly WranglerCall[]> {
    const text = await readFile(join(this.directory, "calls.ndjson"), "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as WranglerCall);
  }
}

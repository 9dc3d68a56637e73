import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../cli/temporary-directory.ts";

const PROJECT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** What the project's own lint says of one file, in a project that holds nothing else. */
async function lint(path: string, text: string): Promise<string> {
  const directory = await temporaryDirectory();
  const rules = JSON.parse(await readFile(join(PROJECT, ".oxlintrc.json"), "utf8")) as Record<string, unknown>;
  await writeFile(join(directory, ".oxlintrc.json"), JSON.stringify({ ...rules, options: {} }));
  await symlink(join(PROJECT, "node_modules"), join(directory, "node_modules"));
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), text);
  const linted = run(join(PROJECT, "node_modules/.bin/oxlint"), ["--format=json"], { cwd: directory });
  return linted.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  );
}

const WORDS = "Outbound requests go through src/egress alone.";
const PLACES = [
  "src/gateway/x.ts",
  "src/credentials/x.ts",
  "src/oauth-client/x.ts",
  "durable-objects/x.ts",
  "src/worker.ts",
];
const WAYS = [
  'await fetch("https://a.example");',
  'await globalThis.fetch("https://a.example");',
  'await self.fetch("https://a.example");',
  'export const socket = new WebSocket("wss://a.example");',
  'import { connect } from "cloudflare:sockets";\nexport const socket = connect("a.example:25");',
];

describe("a request that leaves from anywhere but src/egress", { timeout: 120_000 }, () => {
  it.each(WAYS)("does not pass lint: %s", async (text) => {
    for (const place of PLACES) expect(await lint(place, `${text}\n`), place).toContain(WORDS);
  });

  it("passes in src/egress, and so does a call of a Durable Object's stub", async () => {
    expect(await lint("src/egress/x.ts", 'export const answer = await fetch("https://a.example");\n')).not.toContain(
      WORDS,
    );
    const stub =
      "export const ask = (stub: DurableObjectStub): Promise<Response> => stub.fetch('https://a.example');\n";
    expect(await lint("src/gateway/x.ts", stub)).not.toContain(WORDS);
  });
});

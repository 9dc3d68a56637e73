import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const checksSchema = z.array(z.looseObject({ id: z.string(), status: z.string() }));

/** A check by its scenario and name, and whether it passed. */
export type Checks = ReadonlyMap<string, string>;

/** Runs the server scenarios that a revision of MCP requires, by the official suite, against a URL. */
export async function runConformanceSuite(url: string, revision: string): Promise<Checks> {
  const results = await mkdtemp(join(tmpdir(), "crossgate-conformance-"));
  try {
    await run(["server", "--url", url, "--requirements", revision, "--output-dir", results]);
    return await readChecks(results);
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** Its exit code says whether all passed; what is wanted here is each check. */
function run(commandLine: readonly string[]): Promise<void> {
  const program = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"));
  const child = spawn(process.execPath, [program, ...commandLine], { stdio: "ignore" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}

async function readChecks(results: string): Promise<Checks> {
  const checks = new Map<string, string>();
  for (const folder of await readdir(results)) {
    const scenario = folder.replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
    const text = await readFile(join(results, folder, "checks.json"), "utf8");
    for (const { id, status } of checksSchema.parse(JSON.parse(text))) {
      const name = `${scenario}: ${id}`;
      // One that is made several times has passed when it has passed each time.
      checks.set(name, checks.has(name) && checks.get(name) !== status ? "FAILURE" : status);
    }
  }
  return checks;
}

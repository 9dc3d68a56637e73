import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What a cold start has to load and parse. */
const BUDGET_GZIP_BYTES = 260 * 1024;
const DIRECTORY = join(import.meta.dirname, "..", "dist");

const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith(".js"));
const scripts = await Promise.all(names.map((name) => readFile(join(DIRECTORY, name))));
const bytes = scripts.reduce((total, script) => total + script.length, 0);
const gzipBytes = scripts.reduce((total, script) => total + gzipSync(script).length, 0);
const kibibytes = (count: number): string => `${(count / 1024).toFixed(1)} KiB`;
process.stdout.write(`Bundle: ${kibibytes(bytes)}, gzip ${kibibytes(gzipBytes)} of ${kibibytes(BUDGET_GZIP_BYTES)}\n`);
if (names.length === 0 || gzipBytes > BUDGET_GZIP_BYTES) {
  process.stderr.write("The bundle is missing or over its budget. Look at what an import has brought in.\n");
  process.exitCode = 1;
}

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describeApi } from "../src/admin/openapi.ts";
import { ADMIN_ROUTES } from "../src/admin/routes.ts";
import { LIMITS } from "../src/limits.ts";
import { describeSchema, SCHEMA_NAMES } from "../src/metadata/published-schemas.ts";
import { publishedTable } from "../bench/published.ts";
import { checkTable } from "./check-table.ts";
import { requirementTable } from "./requirement-table.ts";

const ROOT = join(import.meta.dirname, "..");

interface Generated {
  readonly path: string;
  readonly text: string;
}

/** Everything in the repository that is made from the code: parts of the README, JSON Schemas, the admin API. */
async function generateAll(): Promise<readonly Generated[]> {
  return [await readme(), ...schemas(), adminApi()];
}

async function readme(): Promise<Generated> {
  const path = join(ROOT, "README.md");
  const parts = {
    checks: await checkTable(),
    admin: operationTable(),
    limits: limitTable(),
    performance: await publishedTable(),
    requirements: await requirementTable(),
  };
  let text = await readFile(path, "utf8");
  for (const [name, part] of Object.entries(parts)) text = fill(text, name, part);
  return { path, text };
}

function fill(text: string, name: string, part: string): string {
  const [open, close] = [`<!-- generated: ${name} -->`, `<!-- /generated: ${name} -->`];
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start === -1 || end < start) throw new Error(`README.md lacks the markers ${open} … ${close}`);
  return `${text.slice(0, start + open.length)}\n${part}\n${text.slice(end)}`;
}

function operationTable(): string {
  const rows = ADMIN_ROUTES.map(
    ({ method, path, role, summary }) => `| \`${method} ${path}\` | ${role} | ${summary} |`,
  );
  return ["| operation | role | |", "|---|---|---|", ...rows].join("\n");
}

function limitTable(): string {
  const rows = Object.entries(LIMITS).map(([name, value]) => `| \`${name}\` | ${value.toLocaleString("en-US")} |`);
  return ["| limit | value |", "|---|---|", ...rows].join("\n");
}

function schemas(): readonly Generated[] {
  return SCHEMA_NAMES.map((name) => ({
    path: join(ROOT, "config", "schema", `${name}.schema.json`),
    text: `${JSON.stringify(describeSchema(name), null, 2)}\n`,
  }));
}

function adminApi(): Generated {
  const path = join(ROOT, "config", "schema", "admin-api.openapi.json");
  return { path, text: `${JSON.stringify(describeApi(ADMIN_ROUTES), null, 2)}\n` };
}

async function readIfPresent(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

/** @returns the files that differ from what the code makes of them. */
export async function findDrift(): Promise<readonly string[]> {
  const generated = await generateAll();
  const present = await Promise.all(generated.map(({ path }) => readIfPresent(path)));
  return generated.filter(({ text }, index) => text !== present[index]).map(({ path }) => relative(ROOT, path));
}

export async function generateFiles(): Promise<void> {
  for (const { path, text } of await generateAll()) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

async function main(): Promise<void> {
  if (process.argv.includes("--check")) {
    const drifted = await findDrift();
    if (drifted.length === 0) return;
    process.stderr.write(`Out of date: ${drifted.join(", ")}. Run: npm run generate\n`);
    process.exitCode = 1;
    return;
  }
  await generateFiles();
}

if (import.meta.main) await main();

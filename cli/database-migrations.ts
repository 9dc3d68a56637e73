import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { unstable_splitSqlQuery as splitSqlQuery } from "wrangler";
import { CommandError } from "./command-error.ts";

type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

// The table that `wrangler d1 migrations apply` keeps, so that both may be used on the same local database.
const CREATE_HISTORY = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies each *.sql of `directory` once, in the order of their names. @returns the names applied by this call */
export async function applyMigrations(database: Database, directory: string): Promise<string[]> {
  await database.prepare(CREATE_HISTORY).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const pending = (await listMigrations(directory)).filter((name) => !applied.has(name));
  await applyInOrder(database, directory, pending);
  return pending;
}

async function listMigrations(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith(".sql")).toSorted();
}

async function applyInOrder(database: Database, directory: string, names: readonly string[]): Promise<void> {
  const [name, ...later] = names;
  if (name === undefined) return;
  await applyMigration(database, join(directory, name), name);
  await applyInOrder(database, directory, later);
}

/** One batch is one transaction: a migration that fails half way leaves neither its tables nor its mark. */
async function applyMigration(database: Database, path: string, name: string): Promise<void> {
  const statements = splitSqlQuery(await readFile(path, "utf8"));
  const mark = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
  try {
    await database.batch([...statements.map((statement) => database.prepare(statement)), mark]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The migration ${path} failed: ${reason}. Nothing of it was applied; correct the SQL.`);
  }
}

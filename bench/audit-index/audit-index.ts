import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { parseCommandLine, parseWholeNumber } from "../../cli/command.ts";
import { CommandError } from "../../cli/command-error.ts";
import { applyMigrations } from "../../cli/database-migrations.ts";
import { MIGRATIONS_DIRECTORY } from "../../cli/project-paths.ts";
import { endRuntimeWithThisProcess } from "../../cli/runtime-guard.ts";
import { serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { indexBatches } from "../../src/audit/audit-index.ts";
import type { Statement } from "../../src/audit/statement.ts";
import { median } from "../statistics.ts";
import { formatTable } from "../table.ts";
import { madeEvent } from "./events.ts";
import { type Question, questions } from "./questions.ts";

const HELP = `Usage: npm run bench:index -- [options]

Fills an audit index (D1 as workerd has it, with the project's migrations and by the consumer's own code) with events of
90 days, and asks it everything that audit search and inventory ask. Each answer should take less than 200 ms in SQLite's
own time, and none may scan the events. About ten minutes for a million events.

  --events N   so many (default: 1000000)
  --rounds N   ask each so often (default: 7)
  --json       the results on stdout, and nothing else
  --help       this text

Exit codes: 0 all in time and by index, 1 not, 2 wrong usage. Example:

  npm run bench:index -- --events 100000
`;

const BATCH_EVENTS = 1000;
const GOAL_MILLISECONDS = 200;
const END = Date.UTC(2026, 10, 21);

type Database = Awaited<ReturnType<Miniflare["getD1Database"]>>;

interface Measured {
  readonly question: string;
  readonly rows: number;
  readonly statements: number;
  /** As SQLite itself counts it; the way there and back is the local runtime's and tells nothing of a deployment. */
  readonly milliseconds: number;
  readonly slowestMilliseconds: number;
  readonly plan: readonly string[];
}

async function open(directory: string): Promise<{ readonly runtime: Miniflare; readonly database: Database }> {
  endRuntimeWithThisProcess();
  const worker = {
    name: "index",
    modules: true as const,
    script: "export default { fetch: () => new Response(null, { status: 404 }) }",
    d1Databases: { AUDIT_INDEX: "index" },
  };
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.NONE),
      resourcePersistencePath: directory,
      workers: [worker],
    }),
  );
  return { runtime, database: await runtime.getD1Database("AUDIT_INDEX") };
}

async function fill(database: Database, events: number): Promise<void> {
  const begunAt = performance.now();
  for (let at = 0; at < events; at += BATCH_EVENTS) {
    const count = Math.min(BATCH_EVENTS, events - at);
    const batch = Array.from({ length: count }, (_, next) => serializeAuditEvent(madeEvent(at + next, events, END)));
    const range = { chain: "ledger/v1/0/be4c", firstSequence: at + 1, lastSequence: at + count, hash: String(at) };
    await indexBatches(database, [{ ...range, events: batch }]);
    if ((at / BATCH_EVENTS) % 50 === 49) {
      const seconds = ((performance.now() - begunAt) / 1000).toFixed(0);
      process.stderr.write(`${seconds.padStart(5)} s  ${(at + count).toLocaleString("en-US")} events\n`);
    }
  }
}

async function measure(database: Database, question: Question, rounds: number): Promise<Measured> {
  const asked: Statement[] = [];
  let milliseconds = 0;
  const ask = async (statement: Statement) => {
    asked.push(statement);
    const { results, meta } = await database
      .prepare(statement.sql)
      .bind(...statement.values)
      .all();
    milliseconds += meta.duration;
    return results;
  };
  const rows = await question.ask(ask);
  const statements = asked.splice(0);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    milliseconds = 0;
    await question.ask(ask);
    times.push(milliseconds);
  }
  const plans = await Promise.all(statements.map((statement) => planOf(database, statement)));
  const timed = { milliseconds: median(times), slowestMilliseconds: Math.max(...times) };
  return { question: question.name, rows, statements: statements.length, ...timed, plan: plans.flat() };
}

async function planOf(database: Database, { sql, values }: Statement): Promise<readonly string[]> {
  const { results } = await database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** A scan by the primary key is how the newest are read: in order, and ended by the limit. */
function isScan({ plan, question }: Measured): boolean {
  const scans = plan.filter((step) => /^SCAN (?:e|audit_event|d)\b/.test(step));
  return scans.length > 0 && question !== "search newest";
}

function report(measured: readonly Measured[], events: number): string {
  const rows = measured.map((each) => [
    each.question,
    String(each.rows),
    each.milliseconds.toFixed(1),
    each.slowestMilliseconds.toFixed(1),
    each.plan.join("; "),
  ]);
  const table = formatTable(["", "rows", "median ms", "slowest ms", "plan"], rows);
  return `${events.toLocaleString("en-US")} events\n\n${table}\n`;
}

async function main(commandLine: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      events: { type: "string", default: "1000000" },
      rounds: { type: "string", default: "7" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const events = parseWholeNumber({ option: "--events", text: values.events, minimum: 1000, maximum: 10_000_000 });
  const rounds = parseWholeNumber({ option: "--rounds", text: values.rounds, minimum: 1, maximum: 100 });
  const directory = await mkdtemp(join(tmpdir(), "crossgate-index-"));
  const { runtime, database } = await open(directory);
  try {
    await applyMigrations(database, MIGRATIONS_DIRECTORY);
    await fill(database, events);
    const measured: Measured[] = [];
    for (const question of questions(END)) measured.push(await measure(database, question, rounds));
    process.stdout.write(values.json ? `${JSON.stringify({ events, measured })}\n` : report(measured, events));
    const failed = measured.filter((each) => each.milliseconds >= GOAL_MILLISECONDS || isScan(each));
    for (const { question } of failed) process.stderr.write(`not in ${GOAL_MILLISECONDS} ms by index: ${question}\n`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await runtime.dispose();
    await rm(directory, { recursive: true, force: true });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  process.stderr.write(`bench: ${error instanceof Error && !isExpected ? error.stack : String(error)}\n`);
  process.exitCode = isExpected ? error.exitCode : 1;
}

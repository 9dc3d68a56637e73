import { join } from "node:path";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { Journal } from "./journal.ts";
import type { Mutant } from "./mutant.ts";
import { HELP, type Plan, readPlan } from "./options.ts";
import { Scratch } from "./scratch.ts";
import { endRuns, findFailure, judge, type Verdict } from "./trial.ts";

const JOURNAL = join(import.meta.dirname, "../.mutants/journal.jsonl");

type Judged = Mutant & Verdict;

async function main(commandLine: readonly string[]): Promise<void> {
  const plan = readPlan(commandLine);
  if (plan === null) return void process.stdout.write(HELP);
  if (plan.list) return list(plan);
  const scratch = new Scratch();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      endRuns();
      scratch.remove();
      process.exit(130);
    });
  }
  try {
    const judged = await tryAll(plan, scratch);
    process.stdout.write(plan.json ? `${JSON.stringify(judged, null, 2)}\n` : summarize(judged));
    if (judged.some(({ outcome }) => outcome === "survived")) process.exitCode = 1;
  } finally {
    scratch.remove();
  }
}

function list({ mutants, json }: Plan): void {
  const lines = mutants.map(({ id, file, breaks }) => `${id}  (${file})\n    ${breaks}`);
  process.stdout.write(json ? `${JSON.stringify(mutants, null, 2)}\n` : `${lines.join("\n")}\n`);
}

async function tryAll({ mutants, again, json }: Plan, scratch: Scratch): Promise<readonly Judged[]> {
  const say = (text: string): void => {
    if (!json) process.stderr.write(`${text}\n`);
  };
  const journal = new Journal(JOURNAL, scratch.directory);
  const open = mutants.filter((mutant) => again || journal.find(mutant) === null);
  if (open.length < mutants.length) say(`${mutants.length - open.length} have a verdict already`);
  for (const [at, mutant] of open.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one mistake at a time
    await requireHealth(mutant, journal, scratch);
    // oxlint-disable-next-line no-await-in-loop -- one mistake at a time
    const verdict = await scratch.with(mutant, () => judge(scratch.directory, mutant.tests));
    journal.add(mutant, verdict);
    say(`${at + 1} of ${open.length}  ${describe({ ...mutant, ...verdict })}`);
  }
  return mutants.flatMap((mutant) => {
    const verdict = journal.find(mutant);
    return verdict === null ? [] : [{ ...mutant, ...verdict }];
  });
}

/** A test that fails by itself would catch every mutant. @throws CommandError */
async function requireHealth({ tests }: Mutant, journal: Journal, scratch: Scratch): Promise<void> {
  const unknown = tests.filter((file) => !journal.isHealthy(file));
  if (unknown.length === 0) return;
  const failure = await findFailure(scratch.directory, unknown);
  if (failure !== null) throw new CommandError(`without any mistake, this fails already: ${failure}`);
  for (const file of unknown) journal.addHealthy(file);
}

function describe({ id, outcome, by, breaks }: Judged): string {
  return outcome === "survived" ? `SURVIVED  ${id}: ${breaks}` : `${outcome}  ${id}\n    by ${by}`;
}

function summarize(judged: readonly Judged[]): string {
  const count = (wanted: Verdict["outcome"]): number => judged.filter(({ outcome }) => outcome === wanted).length;
  const survivors = judged.filter(({ outcome }) => outcome === "survived").map((mutant) => `  ${describe(mutant)}\n`);
  const [caught, uncompiled, survived] = [count("caught"), count("does not compile"), count("survived")];
  return `${judged.length} mutants: ${caught} caught by tests, ${uncompiled} by the type checker, ${survived} survived\n${survivors.join("")}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`mutants: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run mutants -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}

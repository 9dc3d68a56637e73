import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCommandLine } from "../cli/command.ts";
import { CommandError, UsageError } from "../cli/command-error.ts";

const HELP = `Usage: npm run model -- [options]

Checks the models of this directory exhaustively, within their small bounds, with Spin: every interleaving of presenters,
retries, lost answers, deaths, lease renewals and an operator's order; the record's road; a change of shards. Then each
again with one mistake seeded, which must be found. About three minutes. Needs spin and gcc (Debian: apt-get install spin gcc).

  --json             the results as JSON, and nothing else
  --help             this text

Exit code 0: the models hold and every seeded mistake was found; 1: not so.

Example:

  npm run model
`;

interface Model {
  readonly file: string;
  readonly half: readonly string[];
}

const MODELS: readonly Model[] = [
  { file: "ledger.pml", half: [] },
  { file: "ledger.pml", half: ["REVOCATION"] },
  { file: "resharding.pml", half: [] },
];
/** Mistakes that only the half with the clock can show. */
const OF_REVOCATION = /FAULT_(?:LEASE|NO_LEASE|ANSWER)/;

interface Result {
  readonly model: string;
  readonly mistake: string | null;
  readonly states: number;
  readonly violated: string | null;
  readonly isAsItShouldBe: boolean;
}

function main(commandLine: readonly string[]): void {
  const options = {
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  const { values } = parseCommandLine({ args: [...commandLine], options });
  if (values.help) return void process.stdout.write(HELP);
  const results: Result[] = [];
  for (const model of MODELS) {
    for (const mistake of [null, ...mistakesOf(model)]) {
      const result = explore(model, mistake);
      results.push(result);
      if (!values.json) process.stdout.write(`${describe(result)}\n`);
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  if (!results.every(({ isAsItShouldBe }) => isAsItShouldBe)) process.exitCode = 1;
}

function mistakesOf({ file, half }: Model): readonly string[] {
  const named = [...readFileSync(join(import.meta.dirname, file), "utf8").matchAll(/^#ifdef (FAULT_\w+)/gm)];
  const mistakes = new Set(named.map(([, mistake = ""]) => mistake));
  const isOfThisHalf = (mistake: string): boolean => OF_REVOCATION.test(mistake) === half.includes("REVOCATION");
  return [...mistakes].filter(isOfThisHalf);
}

function explore({ file, half }: Model, mistake: string | null): Result {
  const directory = mkdtempSync(join(tmpdir(), "crossgate-model-"));
  try {
    copyFileSync(join(import.meta.dirname, file), join(directory, file));
    const defines = [...half, ...(mistake === null ? [] : [mistake])].map((name) => `-D${name}`);
    run("spin", [...defines, "-a", file], directory);
    run("gcc", ["-O2", "-DSAFETY", "-DNOCLAIM", "-DCOLLAPSE", "-o", "pan", "pan.c"], directory);
    const report = run(join(directory, "pan"), ["-m1000000"], directory);
    const violated =
      /assertion violated (.+) \(at depth/.exec(report)?.[1] ?? /invalid end state/.exec(flaws(report))?.[0] ?? null;
    const states = Number(/(\d+) states, stored/.exec(report)?.[1] ?? 0);
    const isComplete = states > 0 && !report.includes("max search depth too small");
    const isAsItShouldBe = isComplete && (violated === null) === (mistake === null);
    return { model: [file, ...half].join(" "), mistake, states, violated, isAsItShouldBe };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The lines in which the checker complains; elsewhere it lists what it looks for. */
function flaws(report: string): string {
  return report
    .split("\n")
    .filter((line) => line.startsWith("pan:"))
    .join("\n");
}

function run(program: string, args: readonly string[], cwd: string): string {
  const { error, stdout, stderr, status } = spawnSync(program, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (error !== undefined) throw new CommandError(`${program} does not run; install it: apt-get install spin gcc`);
  if (status !== 0 && !stdout.includes("States stored") && !stdout.includes("states, stored")) {
    throw new CommandError(`${program} ${args.join(" ")} failed:\n${stderr || stdout}`);
  }
  return stdout;
}

function describe({ model, mistake, states, violated, isAsItShouldBe }: Result): string {
  const verdict = isAsItShouldBe ? "as it should be" : "NOT AS IT SHOULD BE";
  const found = violated === null ? "nothing violated" : `violated: ${violated}`;
  return `${verdict}  ${model}${mistake === null ? "" : ` with ${mistake}`}: ${found}, ${states.toLocaleString("en-US")} states`;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`model: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run model -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";
import { CommandError } from "../cli/command-error.ts";

export type Verdict =
  | { readonly outcome: "caught"; readonly by: string }
  | { readonly outcome: "does not compile"; readonly by: string }
  | { readonly outcome: "survived"; readonly by: null };

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});
type Report = z.output<typeof reportSchema>;

const PATIENCE_MILLISECONDS = 600_000;
const REPORT = "mutants-report.json";

/** What the tests, or else the type checker, say of the scratch copy as it is. */
export async function judge(directory: string, tests: readonly string[]): Promise<Verdict> {
  const failure = await findFailure(directory, tests);
  if (failure !== null) return { outcome: "caught", by: failure };
  const flaw = await typeCheck(directory);
  return flaw === null ? { outcome: "survived", by: null } : { outcome: "does not compile", by: flaw };
}

/** @returns the first complaint, or null. That something is no longer used is none. */
async function typeCheck(directory: string): Promise<string | null> {
  const options = ["--pretty", "false", "--noUnusedLocals", "false", "--noUnusedParameters", "false"];
  const { output } = await run("tsc", options, directory);
  return /^.*error TS\d+.*$/m.exec(output)?.[0] ?? null;
}

/** @returns which test failed, or null when all passed. @throws CommandError when they did not run */
export async function findFailure(directory: string, tests: readonly string[]): Promise<string | null> {
  const path = join(directory, REPORT);
  rmSync(path, { force: true });
  const reporter = ["--reporter=json", `--outputFile=${path}`, "--bail=1", "--maxWorkers=1"];
  const { output, isOver } = await run(
    "vitest",
    ["run", "--root", ".", "--config", "test/vitest.config.ts", ...reporter, ...tests],
    directory,
  );
  if (!isOver) return "a test that does not end";
  if (!existsSync(path)) throw new CommandError(`vitest did not run ${tests.join(" ")}:\n${output.slice(-2000)}`);
  return failureIn(reportSchema.parse(JSON.parse(readFileSync(path, "utf8"))), directory);
}

function failureIn({ success, numPassedTests, testResults }: Report, directory: string): string | null {
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) return `${relative(directory, name)}: ${failed.fullName}`;
  }
  const broken = testResults.find(({ status }) => status === "failed");
  if (broken !== undefined) return `${relative(directory, broken.name)} does not load`;
  if (!success) return "an error outside of every test";
  if (numPassedTests === 0) throw new CommandError("no test ran");
  return null;
}

interface Run {
  readonly output: string;
  readonly isOver: boolean;
}

const groups = new Set<number>();

/** Ends whatever runs, with all that it has started. */
export function endRuns(): void {
  for (const group of groups) process.kill(-group, "SIGKILL");
}

/** In a group of its own, so that what it started ends with it. */
function run(program: string, options: readonly string[], cwd: string): Promise<Run> {
  const child = spawn(join(cwd, "node_modules/.bin", program), options, { cwd, detached: true });
  let output = "";
  let isOver = true;
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const patience = setTimeout(() => {
    isOver = false;
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  }, PATIENCE_MILLISECONDS);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(patience);
      if (pid !== undefined) groups.delete(pid);
      resolve({ output, isOver });
    });
  });
}

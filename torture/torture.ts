import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, UsageError } from "../cli/command-error.ts";
import type { Verdict } from "./checker.ts";
import { playDeaths } from "./deaths.ts";
import { playMutated } from "./mutated/mutated.ts";
import { HELP, type Plan, readPlan } from "./options.ts";
import { playRaces } from "./races.ts";

const SHOWN_VIOLATIONS = 20;

async function main(commandLine: readonly string[]): Promise<void> {
  const plan = readPlan(commandLine);
  if (plan === null) return void process.stdout.write(HELP);
  const begunAt = performance.now();
  const say = (text: string): void => {
    const seconds = ((performance.now() - begunAt) / 1000).toFixed(0).padStart(5);
    if (!plan.json) process.stderr.write(`${seconds} s  ${text}\n`);
  };
  const directory = await mkdtemp(join(tmpdir(), "crossgate-torture-"));
  try {
    const verdict = await play(plan, { directory, say });
    process.stdout.write(plan.json ? `${JSON.stringify({ ...plan, ...verdict }, null, 2)}\n` : format(plan, verdict));
    if (verdict.violations.length > 0) process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function play(
  plan: Plan,
  here: { readonly directory: string; readonly say: (text: string) => void },
): Promise<Verdict> {
  here.say("building the Worker as it is deployed");
  if (plan.only === "mutated") return playMutated({ ...plan, ...here });
  return plan.only === "races" ? playRaces({ ...plan, ...here }) : playDeaths({ ...plan, ...here });
}

function format({ only, seed }: Plan, { violations, counts }: Verdict): string {
  const rows = Object.entries(counts).map(([what, count]) => `  ${what.padEnd(24)} ${count.toLocaleString("en-US")}`);
  const shown = violations.slice(0, SHOWN_VIOLATIONS).map(({ property, of }) => `  ${property}: ${of}`);
  const summary = violations.length === 0 ? "Nothing was violated." : `${violations.length} violations:`;
  return `${[`${only}, seed ${seed}`, ...rows, summary, ...shown].join("\n")}\n`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`torture: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run torture -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}

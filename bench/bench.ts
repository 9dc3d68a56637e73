import { rename, writeFile } from "node:fs/promises";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { countBilledOperations } from "./billing.ts";
import { measureColdStarts } from "./cold-start.ts";
import { RESULTS_PATH } from "./machine.ts";
import { HELP, type Plan, readPlan, type Section } from "./options.ts";
import { measurePolicy } from "./policy-cost.ts";
import { measureRefusals } from "./refusals.ts";
import { formatReport } from "./report.ts";
import type { Results } from "./results.ts";
import { measureThroughput } from "./throughput.ts";
import { World } from "./world.ts";

async function main(commandLine: readonly string[]): Promise<void> {
  const plan = readPlan(commandLine);
  if (plan === null) return void process.stdout.write(HELP);
  const results = await run(plan);
  const text = `${JSON.stringify(results, null, 2)}\n`;
  // Renamed into place: whoever reads the latest results never reads half of them.
  await writeFile(`${RESULTS_PATH}.new`, text);
  await rename(`${RESULTS_PATH}.new`, RESULTS_PATH);
  process.stdout.write(plan.json ? text : formatReport(results));
}

async function run(plan: Plan): Promise<Results> {
  const begunAt = performance.now();
  const say = (text: string): void => {
    if (!plan.json)
      process.stderr.write(`${((performance.now() - begunAt) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  };
  say("building the Worker as it is deployed");
  const world = await World.make(plan);
  // What was started ends with us by itself; what was written would stay, some of it in memory.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void world.close().finally(() => process.exit(1)));
  }
  const section = async <Result>(name: Section, work: () => Promise<Result> | Result): Promise<Result | null> => {
    if (!plan.sections.has(name)) return null;
    say(name);
    return work();
  };
  try {
    const throughput = await section("throughput", () => measureThroughput(world, say));
    const refusals = await section("refusals", () => measureRefusals(world));
    const coldStarts = await section("cold-start", () => measureColdStarts(world));
    const policy = await section("policy", () => measurePolicy(world.deployment));
    const billing = await section("billing", () => countBilledOperations(world));
    return {
      version: 1,
      at: new Date().toISOString(),
      seconds: Math.round((performance.now() - begunAt) / 1000),
      machine: world.machine,
      loadGenerator: world.load.name,
      rounds: plan.rounds,
      stateIsMemory: world.stateRoots.isMemory,
      diskIsDisk: world.stateRoots.isDisk,
      throughput,
      refusals,
      coldStarts,
      policy,
      billing,
    };
  } finally {
    await world.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`bench: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run bench -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}

import { rename, writeFile } from "node:fs/promises";
import { generateFiles } from "../.ci/generate.ts";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { countBilledOperations } from "./billing.ts";
import { measureColdStarts } from "./cold-start.ts";
import { measureGateway } from "./gateway-calls.ts";
import { measureLedgerRows } from "./ledger-rows.ts";
import { RESULTS_PATH } from "./machine.ts";
import { measureStreams } from "./open-streams.ts";
import { HELP, type Plan, readPlan, type Section } from "./options.ts";
import { formatPage } from "./page.ts";
import { measurePolicy } from "./policy-cost.ts";
import { publish } from "./published.ts";
import { measureRefusals } from "./refusals.ts";
import { formatReport } from "./report.ts";
import type { Results } from "./results.ts";
import { measureScaling } from "./scaling.ts";
import { measureThroughput } from "./throughput.ts";
import { World } from "./world.ts";

async function main(commandLine: readonly string[]): Promise<void> {
  const plan = readPlan(commandLine);
  if (plan === null) return void process.stdout.write(HELP);
  const results = await run(plan);
  const text = `${JSON.stringify(results, null, 2)}\n`;
  await writeWhole(`${RESULTS_PATH}.json`, text);
  await writeWhole(`${RESULTS_PATH}.html`, formatPage(results));
  if (plan.jsonPath !== null && plan.jsonPath !== "-") await writeWhole(plan.jsonPath, text);
  process.stdout.write(plan.jsonPath === "-" ? text : formatReport(results));
  if (!plan.writesReadme) return;
  await publish(results);
  await generateFiles();
}

/** Renamed into place: whoever reads it never reads half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function run(plan: Plan): Promise<Results> {
  const begunAt = performance.now();
  const say = (text: string): void => {
    if (plan.jsonPath !== "-")
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
    const gateway = await section("gateway", () => measureGateway(world));
    const streams = await section("streams", () => measureStreams(world));
    const scaling = await section("scaling", () => measureScaling(world));
    const ledger = await section("ledger", () => measureLedgerRows(world, say));
    return {
      version: 2,
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
      gateway,
      streams,
      scaling,
      ledger,
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

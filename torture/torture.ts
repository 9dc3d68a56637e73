import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makeDeployment } from "../bench/deployment.ts";
import { ISSUER, readMigrations } from "../bench/subjects.ts";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { bundleWorker } from "../cli/worker-bundle.ts";
import { readArchive } from "./archive.ts";
import { check, type Verdict } from "./checker.ts";
import { Client } from "./client.ts";
import { Crossgate } from "./crossgate.ts";
import { Delivery } from "./delivery.ts";
import { History } from "./history.ts";
import { HELP, type Plan, readPlan } from "./options.ts";
import { Random } from "./random.ts";
import { playRound } from "./round.ts";
import { Stores } from "./stores/stores.ts";

type Say = (text: string) => void;

const DRY_WITHIN_MILLISECONDS = 180_000;
const DRY_STEP_MILLISECONDS = 500;
const SHOWN_VIOLATIONS = 20;

async function main(commandLine: readonly string[]): Promise<void> {
  const plan = readPlan(commandLine);
  if (plan === null) return void process.stdout.write(HELP);
  const begunAt = performance.now();
  const say: Say = (text) => {
    const seconds = ((performance.now() - begunAt) / 1000).toFixed(0).padStart(5);
    if (!plan.json) process.stderr.write(`${seconds} s  ${text}\n`);
  };
  const directory = await mkdtemp(join(tmpdir(), "crossgate-torture-"));
  try {
    const verdict = await torture(plan, directory, say);
    process.stdout.write(plan.json ? `${JSON.stringify({ ...plan, ...verdict }, null, 2)}\n` : format(plan, verdict));
    if (verdict.violations.length > 0) process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function torture(plan: Plan, directory: string, say: Say): Promise<Verdict> {
  const random = new Random(plan.seed);
  const deployment = await makeDeployment(ISSUER);
  say("building the Worker as it is deployed");
  const bundleDirectory = join(directory, "bundle");
  await bundleWorker(bundleDirectory);
  const stores = await Stores.start(deployment.documents, await readMigrations(), random);
  const crossgate = await Crossgate.make({ deployment, stores, bundleDirectory, directory });
  const history = new History();
  const client = new Client(deployment, history);
  await crossgate.start();
  const delivery = new Delivery(stores.queue, crossgate, random);
  try {
    for (let round = 1; round <= plan.kills; round += 1) {
      await playRound({ idp: deployment.idp, client, crossgate, stores, random, assertions: plan.assertionsPerRound });
      if (round === 1 || round % 10 === 0) say(`death ${round} of ${plan.kills}`);
    }
    say("letting everything run dry");
    stores.breakStores([]);
    delivery.becomeHonest();
    return await judgeWhenDry(history, stores);
  } finally {
    await delivery.stop();
    await crossgate.kill();
    stores.stop();
  }
}

/** Records may take a while, and are violations only when they do not come. */
async function judgeWhenDry(history: History, stores: Stores): Promise<Verdict> {
  const deadline = performance.now() + DRY_WITHIN_MILLISECONDS;
  while (true) {
    const verdict = judge(history, stores);
    const isDry = stores.queue.waiting.size === 0 && verdict.violations.length === 0;
    if (isDry || performance.now() > deadline) return verdict;
    await delay(DRY_STEP_MILLISECONDS);
  }
}

function judge(history: History, stores: Stores): Verdict {
  const indexed = new Set(stores.index.read("SELECT id FROM audit_event").map(({ id }) => String(id)));
  return check({ history, archive: readArchive(stores.archive), indexed });
}

function format({ kills, seed }: Plan, { violations, counts }: Verdict): string {
  const rows = Object.entries(counts).map(([what, count]) => `  ${what.padEnd(24)} ${count.toLocaleString("en-US")}`);
  const shown = violations.slice(0, SHOWN_VIOLATIONS).map(({ property, of }) => `  ${property}: ${of}`);
  const summary = violations.length === 0 ? "Nothing was violated." : `${violations.length} violations:`;
  return `${[`${kills} deaths, seed ${seed}`, ...rows, summary, ...shown].join("\n")}\n`;
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

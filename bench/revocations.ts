import { parseCommandLine, parseWholeNumber } from "../cli/command.ts";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { inOrder } from "./in-order.ts";
import { measure } from "./measured-run.ts";
import { readPlan } from "./options.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { median, relativeSpread } from "./statistics.ts";
import { fencedConfig } from "./subjects.ts";
import { formatNumber, formatTable } from "./table.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import { World } from "./world.ts";

const HELP = `Usage: npm run bench:revocations -- [options]

What it costs a redemption that revocations are looked at, and how much of that is due to their number: the same Worker
three times on the bare runtime, in turn, with ledgers that look at none, with none to find, and with many.

  --fences N    how many (default: 10000; 1 to 80000)
  --rounds N    of each in turn (default: 5; 1 to 50)
  --seconds N   of each round (default: 3; 1 to 30)
  --json        the results on stdout, and nothing else
  --help        this text

A redemption asks one Durable Object in each case; npm run bench -- --only billing counts that. Example:

  npm run bench:revocations -- --rounds 3
`;

interface Settings {
  readonly fences: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly json: boolean;
}

interface Subject {
  readonly name: string;
  readonly workerd: Workerd;
}

interface Measured {
  readonly subject: string;
  readonly redemptionsPerSecond: number;
  readonly spread: number;
  /** Median over the rounds of its rate to that of the first in the same round. */
  readonly relative: number;
}

const CONNECTIONS = 32;
/** More than the machines we know do, so that no assertion is sent twice. */
const AT_MOST_PER_SECOND = 6000;
const WARM_UP_SECONDS = 3;

function readSettings(commandLine: readonly string[]): Settings | null {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: { fences: text, rounds: text, seconds: text, json: flag, help: { ...flag, short: "h" } },
  });
  if (values.help) return null;
  const number = (option: "fences" | "rounds" | "seconds", otherwise: string, maximum: number): number =>
    parseWholeNumber({ option: `--${option}`, text: values[option] ?? otherwise, minimum: 1, maximum });
  return {
    fences: number("fences", "10000", 80_000),
    rounds: number("rounds", "5", 50),
    seconds: number("seconds", "3", 30),
    json: values.json,
  };
}

async function prepare(world: World, name: string, door: string): Promise<Subject> {
  const workerd = await world.startConfigured(fencedConfig);
  const { status } = await fetch(`http://127.0.0.1:${workerd.port("control")}${door}`, { method: "POST" });
  if (status !== 204) throw new Error(`${name}: the revocations could not be put in (status ${status})`);
  const subject = { name, workerd };
  await redeemFor(world, subject, WARM_UP_SECONDS);
  return subject;
}

/** @returns redemptions a second. @throws where one was refused, or what was measured is something else */
async function redeemFor(world: World, { name, workerd }: Subject, seconds: number): Promise<number> {
  const { requestsPerSecond, unexpected, firstUnexpected } = await measure(workerd, world.load.run, {
    template: tokenTemplate(world.deployment, world.deployment.clientSecret),
    bodies: world.stock.take(name, AT_MOST_PER_SECOND * seconds).map(tokenBody),
    mayRepeat: false,
    connections: CONNECTIONS,
    seconds,
    expectedStatus: 200,
    quietMilliseconds: 0,
  });
  if (unexpected > 0)
    throw new Error(`${name}: ${unexpected} were not redeemed: ${firstUnexpected ?? "no reason kept"}`);
  return requestsPerSecond;
}

async function run({ fences, rounds, seconds }: Settings, world: World): Promise<readonly Measured[]> {
  const subjects = [
    await prepare(world, "looked at by nobody", "/none"),
    await prepare(world, "none to find", "/fences?count=0"),
    await prepare(world, `${formatNumber(fences)} to look through`, `/fences?count=${fences}`),
  ];
  const rates = await inOrder(Array.from({ length: rounds }), () =>
    inOrder(subjects, (subject) => redeemFor(world, subject, seconds)),
  );
  return subjects.map(({ name }, at) => {
    const own = rates.map((round) => round[at] ?? Number.NaN);
    return {
      subject: name,
      redemptionsPerSecond: median(own),
      spread: relativeSpread(own),
      relative: median(rates.map((round) => (round[at] ?? Number.NaN) / (round[0] ?? Number.NaN))),
    };
  });
}

async function main(commandLine: readonly string[]): Promise<void> {
  const settings = readSettings(commandLine);
  if (settings === null) return void process.stdout.write(HELP);
  const plan = readPlan([]);
  if (plan === null) throw new UsageError("no plan");
  const world = await World.make(plan);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void world.close().finally(() => process.exit(1)));
  }
  try {
    const measured = await run(settings, world);
    if (settings.json) return void process.stdout.write(`${JSON.stringify({ ...settings, measured })}\n`);
    const rows = measured.map(({ subject, redemptionsPerSecond, spread, relative }) => [
      subject,
      formatNumber(redemptionsPerSecond),
      `${formatNumber(spread * 100)} %`,
      formatNumber(relative),
    ]);
    process.stdout.write(formatTable(["revocations", "redemptions/s", "spread", "to the first"], rows));
  } finally {
    await world.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`bench:revocations: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run bench:revocations -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}

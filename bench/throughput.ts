import { inOrder } from "./in-order.ts";
import { askSteadily } from "./load/node-load.ts";
import { measure, type Run } from "./measured-run.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { median, medianPercentiles, type Percentiles, relativeSpread } from "./statistics.ts";
import { type SubjectName, SUBJECTS } from "./subjects.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import type { StateKind, World } from "./world.ts";

/** Saturated: as much as one core can do. Single: how long one request takes when nothing else is going on. */
const LOADS = { saturated: 32, single: 1 } as const;
type LoadName = keyof typeof LOADS;
const LOAD_NAMES = ["saturated", "single"] as const satisfies readonly LoadName[];

export interface Comparison {
  readonly state: StateKind;
  readonly load: LoadName;
  readonly connections: number;
  readonly subjects: readonly SubjectResult[];
}

export interface SubjectResult {
  readonly subject: SubjectName;
  readonly requestsPerSecond: number;
  /** Largest minus smallest of the rounds, as a part of the median. */
  readonly spread: number;
  /** Median over the rounds of Crossgate's rate to this subject's in the same round. */
  readonly crossgateRelative: number;
  readonly latencyMilliseconds: Percentiles;
  readonly processorMicroseconds: number | null;
  readonly requests: number;
  readonly unexpected: number;
}

export interface SteadyResult {
  readonly subject: SubjectName;
  readonly perSecond: number;
  readonly latencyMilliseconds: Percentiles;
  readonly unexpected: number;
  readonly firstUnexpected: string | null;
}

export interface Throughput {
  readonly comparisons: readonly Comparison[];
  readonly steady: readonly SteadyResult[];
}

const STEADY_PER_SECOND = 200;

export async function measureThroughput(world: World, say: (text: string) => void): Promise<Throughput> {
  const states: StateKind[] = world.plan.includesDisk ? ["memory", "disk"] : ["memory"];
  const comparisons: Comparison[] = [];
  const steady: SteadyResult[] = [];
  for (const state of states) {
    say(`comparison, state in ${state === "memory" ? "memory-backed files" : "files on disk"}`);
    // oxlint-disable-next-line no-await-in-loop -- one state at a time, or they would share the core
    const found = await compareOver(world, state);
    comparisons.push(...found.comparisons);
    steady.push(...found.steady);
  }
  return { comparisons, steady };
}

async function compareOver(world: World, state: StateKind): Promise<Throughput> {
  const running = new Map(await inOrder(SUBJECTS, async (name) => [name, await world.start(name, state)] as const));
  const servers = SUBJECTS.flatMap((name) => {
    const workerd = running.get(name);
    return workerd === undefined ? [] : [{ name, workerd, state }];
  });
  await inOrder(servers, (server) => warmUp(world, server));
  const comparisons = await inOrder(LOAD_NAMES, (load) => compare(world, servers, load));
  const steady = state === "memory" ? await inOrder(servers, (server) => askAtRate(world, server)) : [];
  await inOrder(servers, ({ workerd }) => world.stop(workerd));
  return { comparisons, steady };
}

/** One second after the other, until enough has been asked. */
export async function warmUp(world: World, server: Server): Promise<void> {
  const { requests, limitSeconds } = world.plan.warmUp;
  let asked = 0;
  for (let second = 0; second < limitSeconds && asked < requests; second += 1) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    asked += (await runOnce(world, server, { load: "saturated", seconds: 1, quietMilliseconds: 0 })).requests;
  }
  await server.workerd.settle(world.plan.quietMilliseconds);
}

interface Server {
  readonly name: SubjectName;
  readonly workerd: Workerd;
  readonly state: StateKind;
}

/** A B C A B C …: what the machine does meanwhile meets all of them alike. */
async function compare(world: World, servers: readonly Server[], load: LoadName): Promise<Comparison> {
  const seconds = load === "saturated" ? world.plan.saturatedSeconds : world.plan.singleSeconds;
  const rounds = await inOrder(Array.from({ length: world.plan.rounds }), () =>
    inOrder(servers, (server) => {
      // The others have nothing left to do once they have answered.
      const quietMilliseconds = server.name === "crossgate" ? world.plan.quietMilliseconds : 0;
      return runOnce(world, server, { load, seconds, quietMilliseconds });
    }),
  );
  const own = servers.findIndex(({ name }) => name === "crossgate");
  const subjects = servers.map(({ name }, position) => {
    const runs = rounds.flatMap((round) => round[position] ?? []);
    const ratios = rounds.map((round) => rate(round[own]) / rate(round[position]));
    return { subject: name, ...summarize(runs), crossgateRelative: median(ratios) };
  });
  const [server] = servers;
  return { state: server?.state ?? "memory", load, connections: LOADS[load], subjects };
}

function rate(run: Run | undefined): number {
  return run?.requestsPerSecond ?? Number.NaN;
}

function summarize(runs: readonly Run[]): Omit<SubjectResult, "subject" | "crossgateRelative"> {
  const rates = runs.map(rate);
  const costs = runs.flatMap(({ processorMicroseconds }) => processorMicroseconds ?? []);
  return {
    requestsPerSecond: median(rates),
    spread: relativeSpread(rates),
    latencyMilliseconds: medianPercentiles(runs.map(({ latencyMilliseconds }) => latencyMilliseconds)),
    processorMicroseconds: costs.length === 0 ? null : median(costs),
    requests: runs.reduce((sum, { requests }) => sum + requests, 0),
    unexpected: runs.reduce((sum, { unexpected }) => sum + unexpected, 0),
  };
}

/** More than the machines we know do, so that no assertion is sent twice; what is left over is given back. */
const AT_MOST_PER_SECOND: Record<SubjectName, Record<LoadName, number>> = {
  ceiling: { saturated: 100, single: 100 },
  floor: { saturated: 8000, single: 4000 },
  crossgate: { saturated: 6000, single: 3000 },
  "peer-kv": { saturated: 3000, single: 2000 },
  "peer-memory": { saturated: 5000, single: 3000 },
};

const UNDER_WAY_PER_CONNECTION = 2;

async function runOnce(
  world: World,
  { name, workerd, state }: Server,
  { load, seconds, quietMilliseconds }: { load: LoadName; seconds: number; quietMilliseconds: number },
): Promise<Run> {
  // The ceiling reads nothing, so it may be asked the same over and over.
  const count = AT_MOST_PER_SECOND[name][load] * seconds;
  const reader = `${name} ${state}`;
  const assertions = world.stock.take(reader, count);
  const run = await measure(workerd, world.load.run, {
    template: tokenTemplate(world.deployment, world.deployment.clientSecret),
    bodies: assertions.map(tokenBody),
    mayRepeat: name === "ceiling",
    connections: LOADS[load],
    seconds,
    expectedStatus: 200,
    quietMilliseconds,
  });
  // What was under way at the end was sent and not counted.
  world.stock.giveBack(reader, Math.max(0, count - run.requests - UNDER_WAY_PER_CONNECTION * LOADS[load]));
  return run;
}

/** Far from saturation, as a service should be run; percentiles at saturation tell of queues and collections. */
async function askAtRate(world: World, { name, workerd }: Server): Promise<SteadyResult> {
  const count = STEADY_PER_SECOND * world.plan.saturatedSeconds;
  const { latencyMilliseconds, unexpected, firstUnexpected } = await askSteadily({
    port: workerd.port("http"),
    template: tokenTemplate(world.deployment, world.deployment.clientSecret),
    bodies: world.stock.take(`${name} memory`, count).map(tokenBody),
    perSecond: STEADY_PER_SECOND,
    expectedStatus: 200,
  });
  return { subject: name, perSecond: STEADY_PER_SECOND, latencyMilliseconds, unexpected, firstUnexpected };
}

import type { AssertionStock } from "./assertions.ts";
import { inOrder } from "./in-order.ts";
import { measure, type Run } from "./measured-run.ts";
import type { Rounds } from "./options.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { median, medianPercentiles, type Percentiles } from "./statistics.ts";
import type { RequestTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

/** One of those that are compared, and what it is asked. */
export interface Contestant {
  readonly name: string;
  readonly workerd: Workerd;
  readonly socket?: string;
  readonly template: RequestTemplate;
  readonly requests: Requests;
  /** 200 when absent. */
  readonly expectedStatus?: number;
}

export interface Requests {
  readonly mayRepeat: boolean;
  take(count: number): readonly string[];
  /** The end of what was taken last, which nobody has seen. */
  giveBack(count: number): void;
}

export function repeated(bodies: readonly string[]): Requests {
  return { mayRepeat: true, take: () => bodies, giveBack: () => undefined };
}

/** Each assertion once. */
export function redeemed(stock: AssertionStock, reader: string, bodyOf: (assertion: string) => string): Requests {
  return {
    mayRepeat: false,
    take: (count) => stock.take(reader, count).map(bodyOf),
    giveBack: (count) => stock.giveBack(reader, count),
  };
}

export interface Compared {
  readonly name: string;
  readonly requestsPerSecond: number;
  /** Median over the rounds of this rate to that of the first in the same round. */
  readonly relative: number;
  readonly latencyMilliseconds: Percentiles;
  readonly processorMicroseconds: number | null;
  readonly unexpected: number;
}

interface Load extends Rounds {
  readonly connections: number;
}

/** More than the machines we know do, so that no assertion is sent twice. */
const AT_MOST_PER_SECOND = 6000;
const WARM_UP_PART = 0.4;

/** A B C, C B A, …: what the machine does meanwhile meets all of them alike. */
export async function compareInRounds(
  world: World,
  contestants: readonly Contestant[],
  { rounds, seconds, connections }: Load,
): Promise<Compared[]> {
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    await inOrder(order, async (contestant) => {
      runs.get(contestant.name)?.push(await askFor(world, contestant, { seconds, connections }));
    });
  }
  const first = runs.get(contestants[0]?.name ?? "") ?? [];
  return contestants.map(({ name }) => summarize(name, runs.get(name) ?? [], first));
}

/** The engine compiles what runs often. */
export async function warmUpAll(world: World, contestants: readonly Contestant[]): Promise<void> {
  const { requests, limitSeconds } = world.plan.warmUp;
  await inOrder(contestants, async (contestant) => {
    let asked = 0;
    for (let second = 0; second < limitSeconds * WARM_UP_PART && asked < requests * WARM_UP_PART; second += 1) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      asked += (await askFor(world, contestant, { seconds: 1, connections: 32 })).requests;
    }
  });
}

async function askFor(
  world: World,
  { workerd, socket = "http", template, requests, expectedStatus = 200 }: Contestant,
  { seconds, connections }: { readonly seconds: number; readonly connections: number },
): Promise<Run> {
  const bodies = requests.take(AT_MOST_PER_SECOND * seconds);
  const { quietMilliseconds } = world.plan;
  const { mayRepeat } = requests;
  const asked = { socket, template, bodies, mayRepeat, connections, seconds, expectedStatus, quietMilliseconds };
  const run = await measure(workerd, world.load.run, asked);
  requests.giveBack(Math.max(0, bodies.length - run.requests - 2 * connections));
  return run;
}

function summarize(name: string, runs: readonly Run[], first: readonly Run[]): Compared {
  const costs = runs.flatMap(({ processorMicroseconds }) => processorMicroseconds ?? []);
  return {
    name,
    requestsPerSecond: median(runs.map(({ requestsPerSecond }) => requestsPerSecond)),
    relative: median(runs.map((run, round) => run.requestsPerSecond / (first[round]?.requestsPerSecond ?? Number.NaN))),
    latencyMilliseconds: medianPercentiles(runs.map(({ latencyMilliseconds }) => latencyMilliseconds)),
    processorMicroseconds: costs.length === 0 ? null : median(costs),
    unexpected: runs.reduce((sum, { unexpected }) => sum + unexpected, 0),
  };
}

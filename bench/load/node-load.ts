import { setTimeout as delay } from "node:timers/promises";
import { percentilesOf } from "../statistics.ts";
import type { RequestTemplate } from "../token-requests.ts";
import { type Answer, Connection } from "./connection.ts";
import type { ClosedLoad, LoadResult } from "./load.ts";

/** Counts what comes back, for both kinds of load. */
class Tally {
  readonly #expectedStatus: number;
  readonly #latencies: number[] = [];
  #unexpected = 0;
  #firstUnexpected: string | null = null;

  constructor(expectedStatus: number) {
    this.#expectedStatus = expectedStatus;
  }

  /** `since` is when the request was due, which may be before it could be sent. */
  add({ status, body }: Answer, since: number): void {
    this.#latencies.push(performance.now() - since);
    if (status === this.#expectedStatus) return;
    this.#unexpected += 1;
    this.#firstUnexpected ??= `${status} ${body}`;
  }

  result(begunAt: number): LoadResult {
    const requests = this.#latencies.length;
    return {
      requests,
      requestsPerSecond: (requests * 1000) / (performance.now() - begunAt),
      latencyMilliseconds: percentilesOf(this.#latencies),
      unexpected: this.#unexpected,
      firstUnexpected: this.#firstUnexpected,
    };
  }
}

/** A closed loop, for machines without wrk. Runs in this process, which is pinned apart from the server. */
export async function keepAsking(load: ClosedLoad): Promise<LoadResult> {
  const { port, template, bodies, expectedStatus } = load;
  const connections = await openAll(port, load.connections);
  const tally = new Tally(expectedStatus);
  const supply = load.mayRepeat ? repeat(bodies) : bodies.values();
  const begunAt = performance.now();
  const endsAt = begunAt + load.seconds * 1000;
  const ask = async (connection: Connection): Promise<void> => {
    for (let next = supply.next(); next.done !== true && performance.now() < endsAt; next = supply.next()) {
      const sentAt = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- a closed loop is just this
      tally.add(await connection.post(template, next.value), sentAt);
    }
  };
  await Promise.all(connections.map(ask));
  const result = tally.result(begunAt);
  connections.forEach((connection) => connection.close());
  return result;
}

function* repeat(bodies: readonly string[]): Generator<string, undefined> {
  for (;;) yield* bodies;
}

/** An open loop: requests fall due at a steady rate whether or not those before have been answered. */
export interface SteadyLoad {
  readonly port: number;
  readonly template: RequestTemplate;
  readonly bodies: readonly string[];
  readonly perSecond: number;
  readonly expectedStatus: number;
}

const STEADY_CONNECTIONS = 32;

/** Latency counts from when a request was due, so that a pause of the server is felt by all who would have come in it. */
export async function askSteadily(load: SteadyLoad): Promise<LoadResult> {
  const { port, template, bodies, perSecond, expectedStatus } = load;
  const connections = await openAll(port, STEADY_CONNECTIONS);
  const tally = new Tally(expectedStatus);
  const begunAt = performance.now();
  const supply = bodies.entries();
  const ask = async (connection: Connection): Promise<void> => {
    for (const [position, body] of supply) {
      const dueAt = begunAt + (position * 1000) / perSecond;
      const early = dueAt - performance.now();
      // oxlint-disable-next-line no-await-in-loop -- in order
      if (early > 0) await delay(early);
      // oxlint-disable-next-line no-await-in-loop -- in order
      tally.add(await connection.post(template, body), dueAt);
    }
  };
  await Promise.all(connections.map(ask));
  const result = tally.result(begunAt);
  connections.forEach((connection) => connection.close());
  return result;
}

function openAll(port: number, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(port)));
}

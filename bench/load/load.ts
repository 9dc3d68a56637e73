import { spawnSync } from "node:child_process";
import type { LoadGeneratorName } from "../options.ts";
import type { Percentiles } from "../statistics.ts";
import type { RequestTemplate } from "../token-requests.ts";
import { keepAsking } from "./node-load.ts";
import { runWrk } from "./wrk.ts";

/** A closed loop: as many requests under way as there are connections, each followed by the next at once. */
export interface ClosedLoad {
  readonly port: number;
  readonly template: RequestTemplate;
  /** Sent in order. */
  readonly bodies: readonly string[];
  /** Whether they start again when they run out. If not, each is meant to be sent once, so give more than enough. */
  readonly mayRepeat: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly expectedStatus: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latencyMilliseconds: Percentiles;
  /** Answers with another status than expected, and connections that broke. */
  readonly unexpected: number;
  /** The first such answer, where the generator keeps it: wrk does not. */
  readonly firstUnexpected: string | null;
}

export type LoadGenerator = (load: ClosedLoad) => Promise<LoadResult>;

export interface ChosenGenerator {
  readonly name: LoadGeneratorName;
  readonly run: LoadGenerator;
}

/** wrk costs the machine less than we do, so it measures fast answers more truly. */
export function chooseGenerator(wanted: LoadGeneratorName | null, core: number | null): ChosenGenerator {
  const name = wanted ?? (isInstalled("wrk") ? "wrk" : "node");
  return { name, run: name === "wrk" ? (load) => runWrk(load, core) : (load) => keepAsking(load) };
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

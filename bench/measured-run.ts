import type { LoadGenerator, LoadResult } from "./load/load.ts";
import type { Workerd } from "./runtime/workerd.ts";
import type { RequestTemplate } from "./token-requests.ts";

export interface Run extends LoadResult {
  /** All processor time that the requests cost the server, what it did after the last answer included. */
  readonly processorMicroseconds: number | null;
}

interface Asked {
  readonly template: RequestTemplate;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  readonly expectedStatus: number;
  /** Whether the server has something to deliver later. */
  readonly leavesWork: boolean;
}

/** Longer than the second after which a ledger delivers what it holds. */
const DELIVERED_AFTER_MILLISECONDS = 1200;
const DONE_AFTER_MILLISECONDS = 200;

export async function measure(workerd: Workerd, run: LoadGenerator, asked: Asked): Promise<Run> {
  const before = workerd.processorMilliseconds;
  const result = await run({ ...asked, port: workerd.port("http") });
  await workerd.settle(asked.leavesWork ? DELIVERED_AFTER_MILLISECONDS : DONE_AFTER_MILLISECONDS);
  const after = workerd.processorMilliseconds;
  const spent = before === null || after === null ? null : ((after - before) * 1000) / result.requests;
  return { ...result, processorMicroseconds: spent };
}

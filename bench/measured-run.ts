import type { ClosedLoad, LoadGenerator, LoadResult } from "./load/load.ts";
import type { Workerd } from "./runtime/workerd.ts";

export interface Run extends LoadResult {
  /** All processor time that the requests cost the server, what it did after the last answer included. */
  readonly processorMicroseconds: number | null;
}

interface Asked extends Omit<ClosedLoad, "port"> {
  /** The name of the one that listens. */
  readonly socket?: string;
  /** Zero for a server that has nothing left to do once it has answered. */
  readonly quietMilliseconds: number;
}

export async function measure(workerd: Workerd, run: LoadGenerator, asked: Asked): Promise<Run> {
  const before = workerd.processorMilliseconds;
  const result = await run({ ...asked, port: workerd.port(asked.socket ?? "http") });
  await workerd.settle(asked.quietMilliseconds);
  const after = workerd.processorMilliseconds;
  const isKnown = before !== null && after !== null && result.requests > 0;
  const spent = isKnown ? ((after - before) * 1000) / result.requests : null;
  return { ...result, processorMicroseconds: spent };
}

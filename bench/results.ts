import type { Billing } from "./billing.ts";
import type { ColdStart } from "./cold-start.ts";
import type { Machine } from "./machine.ts";
import type { LoadGeneratorName } from "./options.ts";
import type { PolicyCost } from "./policy-cost.ts";
import type { RefusalResult } from "./refusals.ts";
import type { Throughput } from "./throughput.ts";

/** What bench/results/latest.json holds; a section that was not asked for is null. */
export interface Results {
  readonly version: 1;
  readonly at: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly loadGenerator: LoadGeneratorName;
  readonly rounds: number;
  readonly stateIsMemory: boolean;
  readonly diskIsDisk: boolean;
  readonly throughput: Throughput | null;
  readonly refusals: readonly RefusalResult[] | null;
  readonly coldStarts: readonly ColdStart[] | null;
  readonly policy: readonly PolicyCost[] | null;
  readonly billing: Billing | null;
}

import type { Billing } from "./billing.ts";
import type { ColdStart } from "./cold-start.ts";
import type { GatewayCalls } from "./gateway-calls.ts";
import type { LedgerRows } from "./ledger-rows.ts";
import type { Machine } from "./machine.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { LoadGeneratorName } from "./options.ts";
import type { PolicyCost } from "./policy-cost.ts";
import type { Refusals } from "./refusals.ts";
import type { Compared } from "./rounds.ts";
import type { Throughput } from "./throughput.ts";

/** What bench/results/latest.json holds; a section that was not asked for is null. */
export interface Results {
  readonly version: 2;
  readonly at: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly loadGenerator: LoadGeneratorName;
  readonly rounds: number;
  readonly stateIsMemory: boolean;
  readonly diskIsDisk: boolean;
  readonly throughput: Throughput | null;
  readonly refusals: Refusals | null;
  readonly coldStarts: readonly ColdStart[] | null;
  readonly policy: readonly PolicyCost[] | null;
  readonly billing: Billing | null;
  readonly gateway: GatewayCalls | null;
  readonly streams: OpenStreams | null;
  readonly scaling: readonly Compared[] | null;
  readonly ledger: readonly LedgerRows[] | null;
}

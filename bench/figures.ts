import type { Bill, Billing } from "./billing.ts";
import type { ColdStart } from "./cold-start.ts";
import type { GatewayCalls } from "./gateway-calls.ts";
import type { LedgerRows } from "./ledger-rows.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Section } from "./options.ts";
import type { PolicyCost } from "./policy-cost.ts";
import type { Refusals } from "./refusals.ts";
import type { Results } from "./results.ts";
import type { Compared } from "./rounds.ts";
import { formatNumber } from "./table.ts";
import type { SubjectResult, Throughput } from "./throughput.ts";

/** What a run comes down to: one line each, and what was wanted of it where something was. */
export interface Figure {
  readonly section: Section;
  readonly what: string;
  readonly value: string;
  readonly target: string | null;
  /** Null where nothing was wanted, or where this run cannot tell. */
  readonly isMet: boolean | null;
}

type Line = Omit<Figure, "section">;

export function figuresOf(results: Results): readonly Figure[] {
  const of = <Part>(section: Section, part: Part | null, lines: (part: Part) => readonly Line[]): readonly Figure[] =>
    part === null ? [] : lines(part).map((line) => ({ section, ...line }));
  return [
    ...of("throughput", results.throughput, throughputFigures),
    ...of("refusals", results.refusals, refusalFigures),
    ...of("cold-start", results.coldStarts, coldStartFigures),
    ...of("policy", results.policy, policyFigures),
    ...of("billing", results.billing, billingFigures),
    ...of("gateway", results.gateway, gatewayFigures),
    ...of("streams", results.streams, streamFigures),
    ...of("scaling", results.scaling, scalingFigures),
    ...of("ledger", results.ledger, ledgerFigures),
  ];
}

function plain(what: string, value: string): Line {
  return { what, value, target: null, isMet: null };
}

function atLeast(what: string, value: number, least: number): Line {
  return { what, value: formatRatio(value), target: `≥ ${least.toFixed(2)}`, isMet: tell(value, value >= least) };
}

/** To what was not measured there is no ratio. */
function formatRatio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "-";
}

/** A figure that could not be taken meets nothing and misses nothing. */
function tell(value: number, isMet: boolean): boolean | null {
  return Number.isFinite(value) ? isMet : null;
}

const FLOOR_PART = 0.8;

function throughputFigures({ comparisons, steady }: Throughput): readonly Line[] {
  const saturated = comparisons.find(({ state, load }) => state === "memory" && load === "saturated")?.subjects ?? [];
  const relativeTo = (name: SubjectResult["subject"]): number =>
    saturated.find(({ subject }) => subject === name)?.crossgateRelative ?? Number.NaN;
  const own = steady.find(({ subject }) => subject === "crossgate");
  const { p50, p95, p99 } = own?.latencyMilliseconds ?? { p50: null, p95: null, p99: null };
  return [
    atLeast("Redemptions a second, to those of the bare minimum", relativeTo("floor"), FLOOR_PART),
    atLeast("Redemptions a second, to those of the peer on KV", relativeTo("peer-kv"), 1),
    plain(
      `Redemption at ${own?.perSecond ?? 0} a second: p50, p95, p99`,
      `${[p50, p95, p99].map(formatNumber).join(", ")} ms`,
    ),
  ];
}

function refusalFigures({ kinds }: Refusals): readonly Line[] {
  const dearer = kinds.filter(({ isCheaper }) => isCheaper === false).map(({ name }) => name);
  const isKnown = kinds.every(({ isCheaper }) => isCheaper !== null);
  const value = dearer.length === 0 ? "all" : `not: ${dearer.join(", ")}`;
  const what = `Refusals, of ${kinds.length} kinds, that cost less than a redemption`;
  return [{ what, value: isKnown ? value : "-", target: "all", isMet: isKnown ? dearer.length === 0 : null }];
}

const COLD_START_MILLISECONDS = 500;

function coldStartFigures(starts: readonly ColdStart[]): readonly Line[] {
  const own = starts.find(({ subject }) => subject === "crossgate");
  const milliseconds = (own?.listeningMilliseconds ?? Number.NaN) + (own?.firstAnswerMilliseconds ?? Number.NaN);
  return [
    {
      what: "From the start of a process to its first token",
      value: `${formatNumber(milliseconds)} ms`,
      target: `≤ ${COLD_START_MILLISECONDS} ms`,
      isMet: tell(milliseconds, milliseconds <= COLD_START_MILLISECONDS),
    },
  ];
}

function policyFigures(costs: readonly PolicyCost[]): readonly Line[] {
  const largest = costs.filter(({ kind }) => kind === "lists").at(-1);
  return [
    plain(`A decision by ${largest?.rules ?? 0} rules`, `${formatNumber(largest?.decisionMicroseconds ?? null)} µs`),
  ];
}

const ROWS_WRITTEN = 2;

function billingFigures({ bills }: Billing): readonly Line[] {
  // The busiest: the more arrive, the more share a delivery.
  const redemption = bills.findLast(({ what }) => what === "redemption");
  const dollars = (bill: Bill | undefined): number => bill?.dollarsPerMillion ?? Number.NaN;
  const [peer, call, peersCall] = ["peer", "tool call", "peer's call"].map((name) =>
    bills.find(({ what }) => what === name),
  );
  const {
    durableObjectRequests,
    durableObjectRowsWritten: rows = Number.NaN,
    keyValueWrites = Number.NaN,
  } = redemption?.operations ?? {};
  const at = `at ${formatNumber(redemption?.arrivedPerSecond ?? null)} a second`;
  return [
    plain(
      `Durable Object requests for a redemption, alarms included, ${at}`,
      formatNumber(durableObjectRequests ?? null),
    ),
    {
      what: `Durable Object rows written for a redemption, ${at}`,
      value: formatNumber(rows),
      target: `≤ ${ROWS_WRITTEN}`,
      isMet: tell(rows, rows <= ROWS_WRITTEN),
    },
    {
      what: "KV writes for a redemption",
      value: formatNumber(keyValueWrites),
      target: "0",
      isMet: tell(keyValueWrites, keyValueWrites === 0),
    },
    {
      what: `A million redemptions, ${at}; by the peer`,
      value: `$${dollars(redemption).toFixed(2)}; $${dollars(peer).toFixed(2)}`,
      target: "less",
      isMet: tell(dollars(redemption) + dollars(peer), dollars(redemption) < dollars(peer)),
    },
    plain(
      "A million tool calls, each on record; by the peer, unrecorded",
      `$${dollars(call).toFixed(2)}; $${dollars(peersCall).toFixed(2)}`,
    ),
  ];
}

function gatewayFigures({ comparisons, steady }: GatewayCalls): readonly Line[] {
  const [direct, through] = steady.map(({ latencyMilliseconds }) => latencyMilliseconds.p50);
  const ratios = comparisons.map(({ what, ways }) =>
    plain(
      `Calls a second through the gateway, to those directly: ${what}`,
      formatRatio(ways.at(-1)?.relative ?? Number.NaN),
    ),
  );
  const added = (through ?? Number.NaN) - (direct ?? Number.NaN);
  return [
    ...ratios,
    plain(`Added to a call at ${steady[0]?.perSecond ?? 0} a second (p50)`, `${formatNumber(added)} ms`),
  ];
}

/** Of what passes. What is kept of each byte would be one. */
const KEPT_PART = 0.1;

function streamFigures({ count, before, forwarded, keptOfEach }: OpenStreams): readonly Line[] {
  return [
    plain("Memory of the whole process after its first token", `${formatNumber(before)} MB`),
    {
      what: `Kept of each MB that passes through ${count} open streams (${formatNumber(forwarded)} MB did)`,
      value: keptOfEach === null ? "-" : `${keptOfEach.toFixed(2)} MB`,
      target: `≤ ${KEPT_PART.toFixed(2)} MB`,
      isMet: keptOfEach === null ? null : keptOfEach <= KEPT_PART,
    },
  ];
}

function scalingFigures([, ...scaled]: readonly Compared[]): readonly Line[] {
  return scaled.map(({ name, relative }) =>
    plain(`Redemptions a second with ${name}, to those as deployed`, formatRatio(relative)),
  );
}

const LEDGER_PART = 0.9;

function ledgerFigures(measured: readonly LedgerRows[]): readonly Line[] {
  const [few, most] = [measured[0], measured.at(-1)];
  const [fewRows, mostRows] = [few, most].map((each) => (each?.rows ?? 0).toLocaleString("en"));
  const what = `Redemptions a second where ${mostRows} identifiers are remembered, to where ${fewRows} are`;
  return [atLeast(what, most?.relative ?? Number.NaN, LEDGER_PART)];
}

import { parseCommandLine, parseWholeNumber } from "../cli/command.ts";
import { UsageError } from "../cli/command-error.ts";

export const SECTIONS = [
  "throughput",
  "refusals",
  "cold-start",
  "policy",
  "billing",
  "gateway",
  "streams",
  "scaling",
  "ledger",
] as const;
export type Section = (typeof SECTIONS)[number];

export const LOAD_GENERATORS = ["wrk", "node"] as const;
export type LoadGeneratorName = (typeof LOAD_GENERATORS)[number];

/** How long and how often; what is measured does not depend on it. */
export interface Plan {
  readonly sections: ReadonlySet<Section>;
  readonly rounds: number;
  readonly saturatedSeconds: number;
  readonly singleSeconds: number;
  readonly warmUp: WarmUp;
  /** How long a server must be idle before a run counts as over; longer than ledgers wait with what they deliver. */
  readonly quietMilliseconds: number;
  readonly refusalRounds: number;
  readonly refusalSeconds: number;
  readonly coldStarts: number;
  readonly gateway: Rounds;
  readonly streams: { readonly count: number; readonly limitSeconds: number };
  readonly scaling: Rounds;
  /** How many identifiers the ledgers remember, from few to many; the first is what the others are held against. */
  readonly ledgerRows: readonly number[];
  readonly ledger: Rounds;
  readonly billedRates: readonly BilledRate[];
  /** One will do: what a call shares with others, it shares as a redemption does. */
  readonly billedToolCalls: BilledRate;
  readonly includesDisk: boolean;
  /** Whether server and load, and this process with it, keep to a core each. */
  readonly pins: boolean;
  /** Null: wrk where it is installed, else our own. */
  readonly loadGenerator: LoadGeneratorName | null;
  /** Where the results go besides; `-` is stdout, and nothing else is written there then. */
  readonly jsonPath: string | null;
  readonly writesReadme: boolean;
}

export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

/** The engine compiles what runs often, so a warm-up is so many requests and not so many seconds; up to a limit. */
export interface WarmUp {
  readonly requests: number;
  readonly limitSeconds: number;
}

export interface BilledRate {
  readonly perSecond: number;
  readonly seconds: number;
}

export const HELP = `Usage: npm run bench -- [options]

Measures Crossgate on this machine, on the bare runtime (workerd), against other Workers in turn: a ceiling that does
nothing; a floor that verifies one signature, writes one row and makes one signature; and @cloudflare/workers-oauth-provider
redeeming the same assertions, with KV as a local simulator has it and with memory in place of KV. Says at the end which
targets are met. About eight minutes.

throughput   tokens as fast as one core makes them, one at a time, and at a steady rate, each against the others
refusals     what it costs to refuse, by reason, against a redemption
cold-start   from the start of a process to its first token
policy       a decision, by how many rules there are and of what kind
billing      what Cloudflare would bill for a redemption, a tool call and a refusal, counted in the runtime
gateway      tool calls through the gateway against the same server called directly; small answers and 1 MiB
streams      memory while streams are open, by how much has passed through them
scaling      redemptions by the number of ledgers, identity providers and clients
ledger       redemptions by how many identifiers the ledgers remember

  --quick            one short round of everything, in a minute or two: shows that it runs, not how fast
  --disk             Durable Objects on disk too, and not only in memory-backed files
  --rounds N         rounds of the comparison (3; 1 to 50)
  --only A,B         of ${SECTIONS.join(", ")}
  --load NAME        ${LOAD_GENERATORS.join(" or ")} (wrk where it is installed)
  --json FILE        the results to this file too; - is stdout, and then nothing else is
  --write-readme     the figures of this run into the README and bench/results/published.json; needs every section
  --help             this text

Results are also written to bench/results/latest.json, and as a page to bench/results/latest.html.

Exit codes: 0 measured, whatever the figures; 1 it could not be measured; 2 wrong usage. Example:

  npm run bench -- --only throughput,ledger --rounds 5
`;

const DEFAULTS = {
  rounds: 3,
  saturatedSeconds: 3,
  singleSeconds: 1,
  warmUp: { requests: 6000, limitSeconds: 8 },
  quietMilliseconds: 1200,
  refusalRounds: 1,
  refusalSeconds: 2,
  coldStarts: 5,
  gateway: { rounds: 2, seconds: 2 },
  streams: { count: 100, limitSeconds: 40 },
  scaling: { rounds: 2, seconds: 1 },
  ledgerRows: [1_000, 100_000, 1_000_000],
  ledger: { rounds: 3, seconds: 2 },
  billedRates: [
    { perSecond: 2, seconds: 8 },
    { perSecond: 100, seconds: 15 },
    { perSecond: 500, seconds: 4 },
  ],
  billedToolCalls: { perSecond: 50, seconds: 4 },
};

const QUICK: typeof DEFAULTS = {
  rounds: 1,
  saturatedSeconds: 1,
  singleSeconds: 1,
  warmUp: { requests: 500, limitSeconds: 1 },
  quietMilliseconds: 200,
  refusalRounds: 1,
  refusalSeconds: 1,
  coldStarts: 2,
  gateway: { rounds: 1, seconds: 1 },
  streams: { count: 100, limitSeconds: 4 },
  scaling: { rounds: 1, seconds: 1 },
  ledgerRows: [1_000, 10_000],
  ledger: { rounds: 1, seconds: 1 },
  billedRates: [{ perSecond: 100, seconds: 1 }],
  billedToolCalls: { perSecond: 100, seconds: 1 },
};

/** @returns null when help was asked for. @throws UsageError */
export function readPlan(commandLine: readonly string[]): Plan | null {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      quick: { type: "boolean", default: false },
      disk: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string" },
      load: { type: "string" },
      json: { type: "string" },
      "write-readme": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const durations = values.quick ? QUICK : DEFAULTS;
  const sections = new Set(values.only === undefined ? SECTIONS : values.only.split(",").map(readSection));
  if (values["write-readme"] && sections.size < SECTIONS.length) {
    throw new UsageError("--write-readme writes the figures of all sections: leave --only out.");
  }
  const rounds = { option: "--rounds", text: values.rounds ?? String(durations.rounds), minimum: 1, maximum: 50 };
  return {
    ...durations,
    rounds: parseWholeNumber(rounds),
    sections,
    includesDisk: values.disk,
    pins: true,
    loadGenerator: values.load === undefined ? null : readChoice("--load", values.load, LOAD_GENERATORS),
    jsonPath: values.json ?? null,
    writesReadme: values["write-readme"],
  };
}

function readSection(text: string): Section {
  return readChoice("--only", text, SECTIONS);
}

function readChoice<Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new UsageError(`${option} ${text}: give one of ${choices.join(", ")}.`);
  return choice;
}

import { parseCommandLine, parseWholeNumber } from "../cli/command.ts";
import { UsageError } from "../cli/command-error.ts";

const PARTS = ["deaths", "mutated", "races"] as const;

export interface Plan {
  readonly only: (typeof PARTS)[number];
  /** Of those that are spoiled. */
  readonly requests: number;
  /** In which one identifier of each kind is presented 64 times at once. */
  readonly rounds: number;
  /** How many times the runtime dies. */
  readonly kills: number;
  readonly assertionsPerRound: number;
  readonly seed: number;
  readonly json: boolean;
}

const QUICK_KILLS = 8;
const KILLS = 1000;
const MAXIMUM_KILLS = 100_000;
const QUICK_REQUESTS = 5_000;
const REQUESTS = 1_000_000;
const QUICK_ROUNDS = 20;
const ROUNDS = 10_000;
const MAXIMUM = 999_999_999;
const SEEDS = 999_999_999;

export const HELP = `Usage: npm run torture -- [options]

Runs Crossgate as it is deployed on the bare runtime, with its state on disk.

deaths   The runtime is killed at random moments while clients redeem: ID-JAGs are presented once, twice at the same
         time, and all of them again after each restart; some hang up before they hear. Between deaths the runtime is
         frozen, and KV, the queue, the archive and the index refuse, lose their answers, deliver twice and out of
         order. Then everything is let run dry, and what clients were told is held against what the archive says.
mutated  Token requests, assertions, client assertions, DPoP proofs, access tokens, messages and admin requests, each
         spoiled in one of many ways: never a token, never a 5xx. Some are left as they are, and must be granted.
races    One ID-JAG, one client assertion and one DPoP proof a round, each presented 64 times at once: one success.

  --only PART        ${PARTS.join(", ")} (deaths)
  --quick            ${QUICK_KILLS} deaths, ${QUICK_REQUESTS} requests or ${QUICK_ROUNDS} rounds: about a minute
  --kills N          deaths (${KILLS}; 1 to ${MAXIMUM_KILLS})
  --assertions N     ID-JAGs presented between two deaths (60; 1 to 1000)
  --requests N       spoiled requests (${REQUESTS})
  --rounds N         rounds of races (${ROUNDS})
  --seed N           the random choices of an earlier run (by default the time)
  --json             the report as JSON, and nothing else
  --help             this text

Exit code 0: nothing was violated; 1: something was, and the report says what and with which seed.

Example:

  npm run torture -- --kills 100 --seed 7
`;

/** @returns null when help was asked for. @throws UsageError */
export function readPlan(commandLine: readonly string[]): Plan | null {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      only: { type: "string", default: "deaths" },
      requests: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      kills: { type: "string" },
      assertions: { type: "string", default: "60" },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const { assertions, seed = String(Date.now() % SEEDS) } = values;
  const only = PARTS.find((part) => part === values.only);
  if (only === undefined) throw new UsageError(`--only ${values.only}: the parts are ${PARTS.join(", ")}.`);
  const requests = values.requests ?? String(values.quick ? QUICK_REQUESTS : REQUESTS);
  const rounds = values.rounds ?? String(values.quick ? QUICK_ROUNDS : ROUNDS);
  const kills = values.kills ?? String(values.quick ? QUICK_KILLS : KILLS);
  return {
    only,
    requests: parseWholeNumber({ option: "--requests", text: requests, minimum: 1, maximum: MAXIMUM }),
    rounds: parseWholeNumber({ option: "--rounds", text: rounds, minimum: 1, maximum: MAXIMUM }),
    kills: parseWholeNumber({ option: "--kills", text: kills, minimum: 1, maximum: MAXIMUM_KILLS }),
    assertionsPerRound: parseWholeNumber({ option: "--assertions", text: assertions, minimum: 1, maximum: 1000 }),
    seed: parseWholeNumber({ option: "--seed", text: seed, minimum: 0, maximum: SEEDS }),
    json: values.json,
  };
}

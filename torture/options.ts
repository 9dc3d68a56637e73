import { parseCommandLine, parseWholeNumber } from "../cli/command.ts";

export interface Plan {
  /** How many times the runtime dies. */
  readonly kills: number;
  readonly assertionsPerRound: number;
  readonly seed: number;
  readonly json: boolean;
}

const QUICK_KILLS = 8;
const KILLS = 1000;
const MAXIMUM_KILLS = 100_000;
const SEEDS = 999_999_999;

export const HELP = `Usage: npm run torture -- [options]

Runs Crossgate as it is deployed on the bare runtime, with its state on disk, and kills it at random moments while
clients redeem: ID-JAGs are presented once, twice at the same time, and all of them again after each restart. Between
deaths the runtime is frozen, and the queue, the archive and the index refuse, lose their answers, deliver twice and out
of order. Then everything is let run dry, and what clients were told is held against what the archive says.

  --quick            ${QUICK_KILLS} deaths, about a minute
  --kills N          deaths (${KILLS}; 1 to ${MAXIMUM_KILLS})
  --assertions N     ID-JAGs a round (60; 1 to 1000)
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
  const kills = values.kills ?? String(values.quick ? QUICK_KILLS : KILLS);
  return {
    kills: parseWholeNumber({ option: "--kills", text: kills, minimum: 1, maximum: MAXIMUM_KILLS }),
    assertionsPerRound: parseWholeNumber({ option: "--assertions", text: assertions, minimum: 1, maximum: 1000 }),
    seed: parseWholeNumber({ option: "--seed", text: seed, minimum: 0, maximum: SEEDS }),
    json: values.json,
  };
}

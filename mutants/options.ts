import { parseCommandLine } from "../cli/command.ts";
import { UsageError } from "../cli/command-error.ts";
import { MUTANTS } from "./catalogue/catalogue.ts";
import type { Mutant } from "./mutant.ts";

export interface Plan {
  readonly mutants: readonly Mutant[];
  readonly list: boolean;
  readonly again: boolean;
  readonly json: boolean;
}

export const HELP = `Usage: npm run mutants -- [options]

Seeds ${MUTANTS.length} security mistakes, one at a time, into a copy of the project, and runs the tests that must notice: a check
left out, a wait inside the transaction, a record written after the answer. Your files stay as they are. A verdict is
kept for as long as neither the code nor those tests change, so a run that was cut short goes on where it was.

  --only NAME        an area (gateway) or one mutant (gateway/list-not-filtered); may be given several times
  --list             what there is, without trying it
  --again            try those again that have a verdict
  --json             the verdicts as JSON, and nothing else
  --help             this text

Exit code 0: each was caught, by a test or by the type checker; 1: one survived, or its snippet is not in the code.

Example:

  npm run mutants -- --only ledger
`;

/** @returns null when help was asked for. @throws UsageError */
export function readPlan(commandLine: readonly string[]): Plan | null {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      only: { type: "string", multiple: true },
      list: { type: "boolean", default: false },
      again: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { only, list, again, json, help } = values;
  return help ? null : { mutants: choose(only ?? []), list, again, json };
}

function choose(only: readonly string[]): readonly Mutant[] {
  const isNamed = ({ id }: Mutant, name: string): boolean => id === name || id.startsWith(`${name}/`);
  const unknown = only.find((name) => !MUTANTS.some((mutant) => isNamed(mutant, name)));
  if (unknown !== undefined) {
    const areas = [...new Set(MUTANTS.map(({ id }) => id.split("/", 1)[0]))].join(", ");
    throw new UsageError(`--only ${unknown}: no mutant has this name. Areas: ${areas}; see --list.`);
  }
  return MUTANTS.filter((mutant) => only.length === 0 || only.some((name) => isNamed(mutant, name)));
}

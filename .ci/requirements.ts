import { endWhenNobodyReads } from "../cli/broken-pipe.ts";
import { REQUIREMENTS } from "../test/requirements/requirements.ts";
import { findProofs } from "../test/project/requirement-proofs.ts";

/** Prints each requirement with the tests that prove it, or why none does. */
async function main(): Promise<void> {
  const proofs = await findProofs();
  const rows = REQUIREMENTS.map((requirement) => ({
    ...requirement,
    tests: [...(proofs.get(requirement.id) ?? [])].toSorted(),
  }));
  if (process.argv.includes("--json")) return print(JSON.stringify(rows, null, 2));
  for (const { id, level, source, says, excluded, tests } of rows) {
    print(`${id.padEnd(10)} ${level.padEnd(6)} ${says} (${source})`);
    print(`${" ".repeat(18)}${tests.length > 0 ? tests.join(", ") : (excluded ?? "no test names it")}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

endWhenNobodyReads(process.stdout);
await main();

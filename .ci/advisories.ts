import { findAdvisoryProofs } from "../test/project/advisory-proofs.ts";
import { ADVISORIES } from "../test/regressions/advisories.ts";

/** Prints each advisory with the tests that are about it, or why none is. */
async function main(): Promise<void> {
  const proofs = await findAdvisoryProofs();
  const rows = ADVISORIES.map((advisory) => ({ ...advisory, tests: [...(proofs.get(advisory.id) ?? [])].toSorted() }));
  if (process.argv.includes("--json")) return print(JSON.stringify(rows, null, 2));
  for (const { id, where, wentWrong, excluded, tests } of rows) {
    print(`${id.padEnd(28)} ${where}: ${wentWrong}`);
    print(`${" ".repeat(29)}${tests.length > 0 ? tests.join(", ") : (excluded ?? "no test names it")}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();

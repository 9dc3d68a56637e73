import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

const TESTS = join(import.meta.dirname, "..");
/** Its titles are examples. */
const OWN_TEST = "project/requirements.test.ts";

/** Ids at the end of a title: `… [JAG-R-08]`, `… [DP-01, DP-02]`. */
const NAMED_IN_TITLE =
  /["'`][^"'`\n]*\s\[([A-Z][A-Z0-9]*(?:-[A-Z])?-\d{2}(?:, [A-Z][A-Z0-9]*(?:-[A-Z])?-\d{2})*)\]["'`]/g;

/** @returns for each id that a title names: the files whose tests name it, relative to `test/`. */
export async function findProofs(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const proofs = new Map<string, Set<string>>();
  for await (const file of glob("**/*.test.ts", { cwd: TESTS, exclude: [OWN_TEST] })) {
    for (const id of namedIn(await readFile(join(TESTS, file), "utf8"))) {
      proofs.set(id, (proofs.get(id) ?? new Set()).add(file));
    }
  }
  return proofs;
}

export function namedIn(text: string): readonly string[] {
  return [...text.matchAll(NAMED_IN_TITLE)].flatMap(([, ids]) => ids?.split(", ") ?? []);
}

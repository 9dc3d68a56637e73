import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

const TESTS = join(import.meta.dirname, "..");
/** Its titles are examples. */
const OWN_TEST = "project/advisories.test.ts";

const ID = String.raw`(?:CVE-\d{4}-\d+|GHSA(?:-[a-z0-9]{4}){3}|[a-z][a-z-]*[#@][\w.]+)`;
/** Ids at the end of a title, or before those of requirements: `… [CVE-2026-1486]`, `… [CVE-2025-4143] [MCPA-03]`. */
const NAMED_IN_TITLE = new RegExp(
  String.raw`["'\x60][^"'\x60\n]*\s\[(${ID}(?:, ${ID})*)\](?: \[[^\]]+\])?["'\x60]`,
  "g",
);

/** @returns for each advisory that a title names: the files whose tests name it, relative to `test/`. */
export async function findAdvisoryProofs(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const proofs = new Map<string, Set<string>>();
  for await (const file of glob("**/*.test.ts", { cwd: TESTS, exclude: [OWN_TEST] })) {
    for (const id of advisoriesIn(await readFile(join(TESTS, file), "utf8"))) {
      proofs.set(id, (proofs.get(id) ?? new Set()).add(file));
    }
  }
  return proofs;
}

export function advisoriesIn(text: string): readonly string[] {
  return [...text.matchAll(NAMED_IN_TITLE)].flatMap(([, ids]) => ids?.split(", ") ?? []);
}

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What one file leaves behind for the next: the runtime's storage and bindings, its clock, what is mocked for good. */
const LEAVES_TRACES =
  /from "cloudflare:|useFakeTimers|setSystemTime|vi\.mock|stubGlobal|spyOn\((?:caches|console|env)\b/;

/**
 * The files of tests that leave nothing behind, neither by themselves nor by the support that they import: they may
 * share one isolate, which saves its start for each. Paths from the project's directory.
 */
export function findPureFiles(pattern: string): readonly string[] {
  const known = new Map<string, boolean>();
  return globSync(pattern).filter((file) => !leavesTraces(file, known));
}

function leavesTraces(file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file);
  if (before !== undefined) return before;
  known.set(file, false);
  const text = readFileSync(file, "utf8");
  const leaves = LEAVES_TRACES.test(text) || supportOf(file, text).some((support) => leavesTraces(support, known));
  known.set(file, leaves);
  return leaves;
}

function supportOf(file: string, text: string): readonly string[] {
  const imported = [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) => normalize(join(dirname(file), path)));
  return imported.filter((path) => path.startsWith("test/") && existsSync(path));
}

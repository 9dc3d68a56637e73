import type { TrustDirectory, TrustDocument } from "./trust-documents.ts";

export interface TrustChanges {
  readonly added: readonly TrustDocument[];
  readonly changed: readonly TrustDocument[];
  readonly removed: readonly TrustDocument[];
  /** What is in force once the changes are applied. */
  readonly inForce: readonly TrustDocument[];
}

/** A file that broke keeps its last good document in force; a file that is gone takes its document with it. */
export function findTrustChanges(inForce: readonly TrustDocument[], found: TrustDirectory): TrustChanges {
  const broken = new Set(found.problems.map(({ path }) => path));
  const stated = new Set(found.documents.map(({ key }) => key));
  const kept = inForce.filter(({ key, path }) => broken.has(path) && !stated.has(key));
  const before = new Map(inForce.map((document) => [document.key, document]));
  const next = [...found.documents, ...kept];
  const remaining = new Set(next.map(({ key }) => key));
  return {
    added: next.filter(({ key }) => !before.has(key)),
    changed: next.filter(({ key, value }) => before.has(key) && before.get(key)?.value !== value),
    removed: inForce.filter(({ key }) => !remaining.has(key)),
    inForce: next,
  };
}

import { describeFinding, type Finding } from "../check/finding.ts";

export interface FindingChanges {
  readonly appeared: readonly Finding[];
  /** How many of those before are gone. */
  readonly mended: number;
  readonly remaining: number;
}

/** What an edit brought and took away: what was said before need not be said again after each. */
export function findFindingChanges(before: readonly Finding[], now: readonly Finding[]): FindingChanges {
  const [known, current] = [new Set(before.map(describeFinding)), new Set(now.map(describeFinding))];
  return {
    appeared: now.filter((finding) => !known.has(describeFinding(finding))),
    mended: [...known].filter((text) => !current.has(text)).length,
    remaining: now.length,
  };
}

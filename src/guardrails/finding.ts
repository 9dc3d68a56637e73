/** Where in a text something stands that should not be there. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface Detector {
  readonly find: (text: string) => readonly Finding[];
  /** Whether it also looks into what is no text once it is decoded: not where any few bytes could be a match. */
  readonly readsBinary: boolean;
}

/** @returns the ranges that no other one covers, in their order; of two that overlap, one from the first to the last. */
export function mergeFindings(findings: readonly Finding[]): readonly Finding[] {
  const merged: Finding[] = [];
  for (const finding of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || finding.start >= last.end) merged.push(finding);
    else if (finding.end > last.end) merged[merged.length - 1] = { ...last, end: finding.end };
  }
  return merged;
}

/** All matches of expressions that take the time of one pass over a text, whatever it is: see each. */
export function findMatches(
  text: string,
  rules: readonly (readonly [label: string, expression: RegExp])[],
): readonly Finding[] {
  return rules.flatMap(([label, expression]) =>
    Array.from(text.matchAll(expression), ({ index, 0: match }) => ({
      start: index,
      end: index + match.length,
      label,
    })),
  );
}

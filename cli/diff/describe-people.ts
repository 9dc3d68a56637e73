import type { Case } from "./cases.ts";
import type { Dimension, Kind } from "./people.ts";

const MOST_LINES = 12;

/**
 * Who these cases are, in as few words as say it: what makes no difference to who is among them is left out. Only where
 * every combination was looked at; of a choice of them nobody can know what makes no difference.
 */
export function describePeople(
  dimensions: readonly Dimension[],
  cases: readonly Case[],
  isComplete: boolean,
): string[] {
  const telling = isComplete ? findTelling(dimensions, cases) : dimensions.map((_dimension, at) => at);
  const spoken = telling.filter((at) => (dimensions[at]?.kinds.length ?? 0) > 1);
  if (spoken.length === 0) return ["everybody"];
  const lines = new Set(cases.map((one) => `people ${spoken.map((at) => one[at]?.words ?? "").join(", ")}`));
  const shown = [...lines].slice(0, MOST_LINES);
  return lines.size > MOST_LINES ? [...shown, `and ${lines.size - MOST_LINES} more kinds of people`] : shown;
}

/** Drops one dimension after the other as long as the cases are the same whatever their kind in it. */
function findTelling(dimensions: readonly Dimension[], cases: readonly Case[]): number[] {
  const numbers = new Map<Kind, number>();
  for (const { kinds } of dimensions) kinds.forEach((kind, number) => numbers.set(kind, number));
  const present = new Set(cases.map((one) => nameOf(one, numbers)));
  return dimensions.flatMap(({ kinds }, at) => {
    const isIdle = cases.every((one) => kinds.every((kind) => present.has(nameOf(one.with(at, kind), numbers))));
    return isIdle ? [] : [at];
  });
}

function nameOf(one: Case, numbers: ReadonlyMap<Kind, number>): string {
  return one.map((kind) => numbers.get(kind) ?? 0).join(".");
}

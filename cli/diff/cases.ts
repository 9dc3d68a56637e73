import type { Dimension, Kind } from "./people.ts";

/** One kind of each dimension, in their order. */
export type Case = readonly Kind[];

export interface Cases {
  readonly cases: readonly Case[];
  readonly possible: number;
  readonly isComplete: boolean;
}

const MOST_CASES = 4096;

/** Every combination; where they are too many, each kind once beside the usual ones and a fixed choice of the rest. */
export function enumerateCases(dimensions: readonly Dimension[]): Cases {
  const possible = dimensions.reduce((product, { kinds }) => product * kinds.length, 1);
  if (possible <= MOST_CASES) return { cases: combine(dimensions), possible, isComplete: true };
  return { cases: sample(dimensions), possible, isComplete: false };
}

function combine(dimensions: readonly Dimension[]): readonly Case[] {
  return dimensions.reduce<readonly Case[]>(
    (cases, { kinds }) => cases.flatMap((one) => kinds.map((kind) => [...one, kind])),
    [[]],
  );
}

function sample(dimensions: readonly Dimension[]): readonly Case[] {
  const usual = dimensions.flatMap(({ kinds }) => kinds.slice(0, 1));
  const single = dimensions.flatMap(({ kinds }, at) => kinds.map((kind) => usual.with(at, kind)));
  const random = steadyRandom();
  const rest = Array.from({ length: Math.max(0, MOST_CASES - single.length) }, () =>
    dimensions.flatMap(({ kinds }) => kinds.slice(Math.floor(random() * kinds.length)).slice(0, 1)),
  );
  return [...single.slice(0, MOST_CASES), ...rest];
}

/** The same choice each time (mulberry32), so that two runs of one comparison say the same. */
function steadyRandom(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

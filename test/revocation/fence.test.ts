import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { block, type Fence, isSameFence, joinFences, signInAgain, stops } from "../../src/revocation/fence.ts";
import { fenceOfOrder } from "../../src/revocation/orders.ts";

const NAME = "principal:usr_1";
const SOURCES = ["operator", "signal:https://idp.example.com", "purged:https://idp.example.com"] as const;

/** Few instants, so that many of them are the same. */
const instant = fc.integer({ min: 1, max: 6 });
const signal: fc.Arbitrary<Fence> = fc.oneof(
  instant.map((at) => signInAgain(NAME, at)),
  fc
    .tuple(fc.constantFrom(...SOURCES), instant, fc.boolean())
    .map(([source, atMilliseconds, isBlocked]) => block(NAME, source, { atMilliseconds, isBlocked })),
);

function after(signals: readonly Fence[]): Fence {
  return signals.reduce((state, next) => joinFences(state, next), signInAgain(NAME, 0));
}

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

describe("signals about one subject", () => {
  // SSF-06: late and reordered events must not unblock.
  it("end in the same state, in whichever of all orders up to five of them come [SSF-06]", () => {
    fc.assert(
      fc.property(fc.array(signal, { minLength: 1, maxLength: 5 }), (signals) => {
        const [first, ...others] = permutations(signals).map(after);
        return others.every((other) => first !== undefined && isSameFence(first, other));
      }),
      { seed: 7, numRuns: 400 },
    );
  });

  it("change nothing when they come again", () => {
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 5 }), fc.array(signal, { maxLength: 3 }), (signals, more) => {
        const state = after([...signals, ...more]);
        return isSameFence(state, after([...signals, ...more, ...signals]));
      }),
      { seed: 8, numRuns: 400 },
    );
  });

  it("never let a sign-in live again that one of them ended", () => {
    fc.assert(
      fc.property(
        fc.array(signal, { maxLength: 4 }),
        fc.array(signal, { maxLength: 4 }),
        instant,
        (before, more, at) => {
          const ended = after([...before, signInAgain(NAME, at)]);
          return stops(joinFences(ended, after(more)), at);
        },
      ),
      { seed: 9, numRuns: 400 },
    );
  });
});

describe("a block", () => {
  const blocked = block(NAME, "operator", { atMilliseconds: 5, isBlocked: true });

  it("stops every sign-in, however fresh", () => {
    expect(stops(blocked, Number.MAX_SAFE_INTEGER)).toBe(true);
  });

  it.each([
    ["an older word of its source lifts nothing", 4, true],
    ["a word of the same instant lifts nothing", 5, true],
    ["a newer word of its source lifts it", 6, false],
  ])("%s", (_name, atMilliseconds, expected) => {
    const lifted = joinFences(blocked, block(NAME, "operator", { atMilliseconds, isBlocked: false }));
    expect(stops(lifted, 100)).toBe(expected);
  });

  // An identity provider must not lift what an operator, or its own purge, has blocked.
  it("is lifted by no other source", () => {
    const word = { atMilliseconds: 9, isBlocked: false };
    expect(stops(joinFences(blocked, block(NAME, "signal:https://idp.example.com", word)), 100)).toBe(true);
  });
});

describe("the end of a sign-in", () => {
  it.each([
    [99, true],
    [100, true],
    [101, false],
  ])("at 100 stops one at %i: %s", (signedInAt, expected) => {
    expect(stops(signInAgain(NAME, 100), signedInAt)).toBe(expected);
  });
});

describe("an operator's order", () => {
  const give = (known: Fence, order: Parameters<typeof fenceOfOrder>[1], now: number): Fence =>
    joinFences(known, fenceOfOrder(NAME, order, known, now));

  it("to restore lifts every block, also one that was said of a later time", () => {
    const known = after(SOURCES.map((source, at) => block(NAME, source, { atMilliseconds: 50 + at, isBlocked: true })));
    expect(stops(give(known, "restore", 10), 100)).toBe(false);
  });

  it("to restore brings no sign-in back", () => {
    const known = signInAgain(NAME, 100);
    expect(stops(give(known, "restore", 200), 100)).toBe(true);
  });

  it("is the latest word, though the clock stands still", () => {
    let known = signInAgain(NAME, 0);
    for (const [order, isStopped] of [
      ["block", true],
      ["restore", false],
      ["block", true],
    ] as const) {
      known = give(known, order, 10);
      expect(stops(known, 100)).toBe(isStopped);
    }
  });
});

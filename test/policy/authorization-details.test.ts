import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuthorizationDetail, isCovered } from "../../src/policy/authorization-details.ts";

const NARROWABLE = ["amount", "actions"];

function covered(requested: readonly AuthorizationDetail[], asserted: readonly AuthorizationDetail[]): boolean {
  return isCovered(requested, asserted, () => NARROWABLE);
}

/** Few values, so that elements meet often. */
const element: fc.Arbitrary<AuthorizationDetail> = fc
  .record(
    {
      type: fc.constantFrom("a", "b"),
      account: fc.constantFrom("1", "2"),
      amount: fc.integer({ min: 0, max: 3 }),
      actions: fc.uniqueArray(fc.constantFrom("x", "y"), { maxLength: 2 }),
    },
    { requiredKeys: ["type"] },
  )
  .map((detail) => detail as AuthorizationDetail);
const elements = fc.array(element, { maxLength: 4 });

/** Every way to give each of `requested` an element of its own, one after the other. */
function coveredByTrying(requested: readonly AuthorizationDetail[], asserted: readonly AuthorizationDetail[]): boolean {
  const [first, ...rest] = requested;
  if (first === undefined) return true;
  return asserted.some((one, at) => covered([first], [one]) && coveredByTrying(rest, asserted.toSpliced(at, 1)));
}

describe("isCovered", () => {
  it("agrees with trying every pairing", () => {
    fc.assert(
      fc.property(elements, elements, (requested, asserted) => {
        expect(covered(requested, asserted)).toBe(coveredByTrying(requested, asserted));
      }),
      { seed: 21, numRuns: 3000 },
    );
  });

  it("never depends on the order of either side, and an order asks for no more than another", () => {
    const shuffled = elements.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, shuffled, ([requested, otherwise], [asserted, reordered]) => {
        expect(covered(otherwise, reordered)).toBe(covered(requested, asserted));
      }),
      { seed: 22, numRuns: 2000 },
    );
  });

  it("covers no more elements than there are, and of each no more than is asserted", () => {
    fc.assert(
      fc.property(elements, elements, (requested, asserted) => {
        if (!covered(requested, asserted)) return;
        expect(requested.length).toBeLessThanOrEqual(asserted.length);
        const total = (list: readonly AuthorizationDetail[], type: string): number =>
          list.reduce((sum, one) => sum + (one.type === type ? Number(one["amount"] ?? 0) : 0), 0);
        for (const type of ["a", "b"]) expect(total(requested, type)).toBeLessThanOrEqual(total(asserted, type));
      }),
      { seed: 23, numRuns: 2000 },
    );
  });

  it("always covers what is asserted itself", () => {
    fc.assert(
      fc.property(elements, (asserted) => covered(asserted, asserted)),
      { seed: 24 },
    );
  });

  it("finds the pairing that the first choice would spoil", () => {
    const [small, large] = [
      { type: "a", amount: 1 },
      { type: "a", amount: 3 },
    ];
    expect(covered([small, large], [large, small])).toBe(true);
    expect(covered([small, large], [large, large])).toBe(true);
    expect(covered([large, large], [large, small])).toBe(false);
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestParts, hashParts } from "../../src/jwt/digest.ts";

const parts = fc.array(fc.string({ unit: fc.constantFrom("a", "1", ":", "é", " "), maxLength: 4 }), { maxLength: 4 });

describe("digestParts", () => {
  it("is the SHA-256 of each part led by its length in bytes", async () => {
    const expected = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("2:ab2:é"));
    expect(new Uint8Array(await hashParts(["ab", "é"]))).toEqual(new Uint8Array(expected));
  });

  it("is base64url of it", async () => {
    expect(await digestParts(["a"])).toMatch(/^[\w-]{43}$/);
  });

  it.each<[readonly string[], readonly string[]]>([
    [
      ["ab", "c"],
      ["a", "bc"],
    ],
    [
      ["a", "b"],
      ["b", "a"],
    ],
    [["a"], ["a", ""]],
    [[""], []],
    [["1:a"], ["a"]],
    [["a1:b"], ["a", "b"]],
    [["é"], ["e\u0301"]],
  ])("tells %o from %o [CVE-2026-15571]", async (left, right) => {
    expect(await digestParts(left)).not.toBe(await digestParts(right));
  });

  it("is equal exactly where the parts are", async () => {
    await fc.assert(
      fc.asyncProperty(parts, parts, async (left, right) => {
        const [one, other] = await Promise.all([digestParts(left), digestParts(right)]);
        expect(one === other).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
      { seed: 5, numRuns: 1000 },
    );
  });
});

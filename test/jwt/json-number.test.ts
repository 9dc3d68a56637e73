import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { survivesAsDouble } from "../../src/jwt/json-number.ts";
import { LIMITS } from "../../src/limits.ts";

describe("a number in JSON is the same number once read", () => {
  it.each(["0", "-1", "1.0", "1.50", "1e0", "1E+2", "100e-2", "0.1", "0e999", "0.30000000000000004", "5e-324"])(
    "%s",
    (token) => {
      expect(survivesAsDouble(token)).toBe(true);
    },
  );

  it.each(["0.10000000000000001", "0.29999999999999999", "3.1415926535897931"])(
    "%s, which is a double printed to seventeen digits",
    (token) => {
      expect(survivesAsDouble(token)).toBe(true);
    },
  );

  it("whatever double was printed, however it was printed", () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const check = fc.property(double, (value) => {
      fc.pre(!Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)));
      const printed = [String(value), value.toExponential(), value.toPrecision(17), JSON.stringify(value)];
      expect(printed.filter((token) => !survivesAsDouble(token))).toEqual([]);
    });
    fc.assert(check, { seed: 11, numRuns: 2000 });
  });

  it("and what is forwarded reads as what was sent", () => {
    // Compared as exact decimals, by scaling both to integers.
    const scaled = (text: string, places: number): bigint => {
      const [whole = "", fraction = ""] = text.split(".");
      return BigInt(`${whole}${fraction.padEnd(places, "0")}`);
    };
    const decimal = fc.tuple(fc.bigInt(1n, 10n ** 8n), fc.bigInt(0n, 10n ** 7n));
    const check = fc.property(decimal, ([whole, fraction]) => {
      const token = `${whole}.${fraction}`;
      fc.pre(survivesAsDouble(token));
      expect(scaled(JSON.stringify(Number(token)), 20)).toBe(scaled(token, 20));
    });
    fc.assert(check, { seed: 12, numRuns: 2000 });
  });
});

describe("a number in JSON would be another one once read", () => {
  it.each([
    ["too large for a double", "1e400"],
    ["too small for a double", "1e-400"],
    ["too small by far", "1e-99999999999999999999"],
    ["nought below nought", "-0"],
    ["nought below nought, in full", "-0.0e0"],
    ["a fraction beyond precision", "4503599627370497.7"],
    ["a fraction with a digit too many", "0.1234567890123456789"],
    ["an integer beyond 2^53", "9007199254740993"],
    ["an integer beyond 2^53 that a double happens to hold", "9007199254740992"],
    ["more digits than any double has", `0.${"0".repeat(LIMITS.jsonNumberCharacters)}1`],
  ])("%s", (_what, token) => {
    expect(survivesAsDouble(token)).toBe(false);
  });

  it("is found out at once, however long it is", () => {
    const long = `0.${"0".repeat(4_000_000)}1`;
    expect(survivesAsDouble(long)).toBe(false);
  });
});

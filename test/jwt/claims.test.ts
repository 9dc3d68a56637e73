import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MALFORMED, readNumericDate, readString, readStringList } from "../../src/jwt/claims.ts";
import type { Json } from "../../src/jwt/strict-json.ts";
import { LIMITS } from "../../src/limits.ts";

function claim(value: Json | undefined) {
  return { claim: value };
}

const READERS = [
  ["readString", (value: Json | undefined) => readString(claim(value), "claim")],
  ["readNumericDate", (value: Json | undefined) => readNumericDate(claim(value), "claim")],
  ["readStringList", (value: Json | undefined) => readStringList(claim(value), "claim", 2)],
] as const;

describe("every reader", () => {
  it.each(READERS)("%s tells absent from malformed", (_name, read) => {
    expect(read(undefined)).toBeUndefined();
    expect(read(null)).toBe(MALFORMED);
  });

  it.each(READERS)("%s coerces nothing: it gives the value itself, or its list, or says malformed", (_name, read) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const result = read(value);
        expect([MALFORMED, value, [value]]).toContainEqual(result);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it("takes what every object has for no claim", () => {
    expect(readString({}, "constructor")).toBe(MALFORMED);
    expect(readStringList({}, "toString", 2)).toBe(MALFORMED);
  });
});

describe("readString", () => {
  it.each(["a", "é", "a\u0000b", "ｆｕｌｌ", "😀"])("reads %o as it is, without normalizing", (text) => {
    expect(readString(claim(text), "claim")).toBe(text);
  });

  it.each<[string, string, number, boolean]>([
    ["as many bytes as there may be", "abcd", 4, true],
    ["one more", "abcde", 4, false],
    ["characters of several bytes that fit", "éé", 4, true],
    ["characters of several bytes that do not fit, though fewer than the bound", "ééé", 4, false],
    ["a character outside the BMP that fits", "😀", 4, true],
    ["a character outside the BMP and a letter", "😀a", 4, false],
  ])("counts bytes: %s", (_what, text, maximumBytes, fits) => {
    expect(readString(claim(text), "claim", maximumBytes)).toBe(fits ? text : MALFORMED);
  });

  it.each([
    ["the empty string", ""],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate between letters", "a\udc00b"],
    ["a string longer than it may be", "x".repeat(LIMITS.identifierBytes + 1)],
  ])("calls %s malformed", (_what, text) => {
    expect(readString(claim(text), "claim")).toBe(MALFORMED);
  });
});

describe("readNumericDate", () => {
  it.each([1, 1_795_000_000, 2 ** 36 - 1])("reads %i", (seconds) => {
    expect(readNumericDate(claim(seconds), "claim")).toBe(seconds);
  });

  it.each<Json>([0, -1, 1.5, 2 ** 36, 1_795_000_000_000, 2 ** 53, Infinity, NaN, "1795000000", true, [1], {}])(
    "calls %o malformed",
    (value) => {
      expect(readNumericDate(claim(value), "claim")).toBe(MALFORMED);
    },
  );
});

describe("readStringList", () => {
  it.each<[Json, readonly string[]]>([
    ["a", ["a"]],
    [["a"], ["a"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [
      ["a", "a"],
      ["a", "a"],
    ],
  ])("reads %o as %o", (value, list) => {
    expect(readStringList(claim(value), "claim", 2)).toEqual(list);
  });

  it.each<Json>([
    [],
    ["a", "b", "c"],
    "",
    [""],
    ["a", 1],
    ["a", null],
    [["a"]],
    1,
    {},
    "x".repeat(LIMITS.urlBytes + 1),
  ])("calls %o malformed", (value) => {
    expect(readStringList(claim(value), "claim", 2)).toBe(MALFORMED);
  });
});

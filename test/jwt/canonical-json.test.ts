import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spellCanonically } from "../../src/jwt/canonical-json.ts";
import { parseLossless } from "../../src/jwt/lossless-json.ts";

describe("spellCanonically", () => {
  it("is the same for the same value, whatever the order of its members", () => {
    expect(spellCanonically({ b: [1, { d: null, c: "x" }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
  });

  it("sorts, escapes and writes numbers as the examples of RFC 8785 have it", () => {
    const sorted =
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}';
    expect(spellCanonically(JSON.parse(sorted))).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","דּ":"Hebrew Letter Dalet With Dagesh"}',
    );
    const numbers = '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}';
    const expected = '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}';
    expect(spellCanonically(JSON.parse(numbers))).toBe(expected);
  });

  it.each([
    [["1"], [1]],
    [{ a: 1 }, { a: "1" }],
    [{ a: [] }, { a: {} }],
    [["ab"], ["a", "b"]],
    [{ 'a":1,"b': 1 }, { a: 1, b: 1 }],
    ["é", "e\u0301"],
  ])("is another for another value: %j and %j", (left, right) => {
    expect(spellCanonically(left as never)).not.toBe(spellCanonically(right as never));
  });
});

describe("a number that was read with its text", () => {
  const spell = (text: string): string => spellCanonically(parseLossless(text) as never);

  it.each(["1", "1.0", "10e-1", "100e-2"])("is spelled as its value is: %s", (text) => {
    expect(spell(`[${text}]`)).toBe("[1]");
  });

  it("stays what it was where no double holds it, so that it never equals its neighbour", () => {
    expect(spell('{"maximum":9223372036854775807}')).toBe('{"maximum":9223372036854775807}');
    expect(spell('{"maximum":9223372036854775806}')).not.toBe(spell('{"maximum":9223372036854775807}'));
  });

  it("makes no other spelling than one that was read without", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        const value = JSON.parse(text) as never;
        expect(spell(JSON.stringify(value))).toBe(spellCanonically(value));
      }),
    );
  });
});

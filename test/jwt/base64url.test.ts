import * as fc from "fast-check";
import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/jwt/base64url.ts";

describe("base64url", () => {
  it.each<[string, readonly number[]]>([
    ["", []],
    ["AA", [0]],
    ["_w", [255]],
    ["AQAB", [1, 0, 1]],
    ["-_-_", [251, 255, 191]],
  ])("%o is %o", (text, bytes) => {
    expect(decodeBase64url(text)).toEqual(Uint8Array.from(bytes));
    expect(encodeBase64url(Uint8Array.from(bytes))).toBe(text);
  });

  it("writes bytes as jose does, and reads them back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64url(bytes);
        expect(text).toBe(base64url.encode(bytes));
        expect(decodeBase64url(text)).toEqual(bytes);
      }),
      { seed: 1 },
    );
  });

  it("gives every byte string one spelling: what it decodes it would have encoded so", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."ABCZabcz0189-_+/=.\n ".split("")), maxLength: 9 });
    fc.assert(
      fc.property(letters, (text) => {
        const bytes = decodeBase64url(text);
        expect(bytes === null || encodeBase64url(bytes) === text).toBe(true);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  it.each([
    ["one character, which holds no byte", "A"],
    ["five characters", "AAAAA"],
    ["stray bits in the last of two", "AB"],
    ["stray bits in the last of three", "AAB"],
    ["padding", "AA=="],
    ["one padding character", "AAA="],
    ["the plus of plain base64", "+AAA"],
    ["the slash of plain base64", "/AAA"],
    ["a space", "AA AA"],
    ["a line break at the end", "AAAA\n"],
    ["a letter outside ASCII", "AAAÀ"],
    ["a fullwidth letter", "ＡAAA"],
    ["NUL", "AAA\u0000"],
  ])("refuses %s", (_what, text) => {
    expect(decodeBase64url(text)).toBeNull();
  });
});

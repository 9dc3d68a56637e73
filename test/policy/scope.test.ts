import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { formatScope, intersect, parseScope, scopeTokenSchema } from "../../src/policy/scope.ts";

const token = fc.string({ unit: fc.constantFrom(..."abAB!#[]~:/.".split("")), minLength: 1, maxLength: 6 });
const scope = fc.uniqueArray(token, { maxLength: 8 }).map((tokens) => new Set(tokens));

describe("parseScope", () => {
  it.each<[string, readonly string[]]>([
    ["a", ["a"]],
    ["b a", ["b", "a"]],
    ["a a", ["a"]],
    ["!#[]~", ["!#[]~"]],
    ["https://example.com/scope", ["https://example.com/scope"]],
    ["s".repeat(LIMITS.scopeTokenBytes), ["s".repeat(LIMITS.scopeTokenBytes)]],
  ])("reads %o", (text, tokens) => {
    expect([...(parseScope(text) ?? [])]).toEqual(tokens);
  });

  it.each([
    ["nothing", ""],
    ["a space", " "],
    ["a leading space", " a"],
    ["a trailing space", "a "],
    ["two spaces", "a  b"],
    ["a tab", "a\tb"],
    ["a line break", "a\nb"],
    ["a line break at the end", "a\n"],
    ["a quotation mark", 'a"b'],
    ["a backslash", "a\\b"],
    ["a letter outside ASCII", "é"],
    ["a fullwidth letter", "ａ"],
    ["a no-break space", "a\u00a0b"],
    ["NUL", "a\u0000"],
    ["DEL", "a\u007f"],
    ["a token that is too long", "s".repeat(LIMITS.scopeTokenBytes + 1)],
    ["too many tokens", Array.from({ length: LIMITS.scopeTokens + 1 }, (_, index) => `s${index}`).join(" ")],
    ["too many tokens, though all are the same", Array.from({ length: LIMITS.scopeTokens + 1 }, () => "s").join(" ")],
  ])("refuses %s (RFC 6749 §3.3)", (_what, text) => {
    expect(parseScope(text)).toBeNull();
  });

  it("reads what formatScope writes", () => {
    fc.assert(
      fc.property(scope, (given) => {
        fc.pre(given.size > 0);
        expect(parseScope(formatScope(given))).toEqual(given);
      }),
      { seed: 14 },
    );
  });
});

describe("scopeTokenSchema", () => {
  it("takes for a token what is a scope of one token", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 4 }), (text) => {
        expect(scopeTokenSchema.safeParse(text).success).toBe(parseScope(text)?.has(text) ?? false);
      }),
      { seed: 15, numRuns: 1000 },
    );
  });
});

describe("intersect", () => {
  it("holds exactly what both hold", () => {
    fc.assert(
      fc.property(scope, scope, token, (left, right, any) => {
        for (const candidate of [any, ...left, ...right]) {
          expect(intersect(left, right).has(candidate)).toBe(left.has(candidate) && right.has(candidate));
        }
      }),
      { seed: 16 },
    );
  });
});

describe("formatScope", () => {
  it.each<[readonly string[], string]>([
    [[], ""],
    [["b", "a"], "a b"],
    [["a", "B", "b"], "B a b"],
  ])("writes %o as %o", (tokens, text) => {
    expect(formatScope(new Set(tokens))).toBe(text);
  });
});

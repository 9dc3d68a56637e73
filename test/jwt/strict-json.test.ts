import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AmbiguousJson,
  decodeUtf8,
  isObject,
  type JsonBounds,
  parseStrict,
  parseStrictObject,
} from "../../src/jwt/strict-json.ts";
import { LIMITS } from "../../src/limits.ts";

const WIDE: JsonBounds = { depth: 64, members: 50_000, foldCaseDepth: 0 };

/** "read", or why it was refused; an error of any other class is thrown on, since it would become a fault. */
function verdict(text: string, bounds?: JsonBounds): string {
  try {
    parseStrict(text, bounds);
    return "read";
  } catch (error) {
    if (error instanceof AmbiguousJson) return error.message;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function nested(depth: number): string {
  return `${"[".repeat(depth)}${"]".repeat(depth)}`;
}

describe("parseStrict", () => {
  it("reads what JSON.parse reads, where no two parsers differ", () => {
    const anyNumber = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false, "", 'a"b\\c', "\u2028 😀", "{", "]", ",:"),
        fc.string(),
        anyNumber,
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("node"), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, "\t"), (given, indent) => {
        const text = JSON.stringify(given, null, indent);
        expect(parseStrict(text, WIDE)).toEqual(JSON.parse(text));
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  it("never reads what JSON.parse does not, and throws nothing but AmbiguousJson", () => {
    const text = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ \n0123.-+eEutrfalsn'.split("")), maxLength: 16 });
    const escape = fc.tuple(
      fc.constantFrom("q", "u12", "uD800", "x41", "\n", "u0061", "n"),
      fc.constantFrom('{"a\\%":1}', '["\\%"]', '"\\%"'),
    );
    const given = fc.oneof(
      text,
      escape.map(([code, frame]) => frame.replace("%", code)),
    );
    fc.assert(
      fc.property(given, (candidate) => {
        expect(verdict(candidate) !== "read" || isJson(candidate)).toBe(true);
      }),
      { seed: 7, numRuns: 5000 },
    );
  });

  it.each([
    ['{"a":1,"a":1}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"a":1 ,\n"a"\t:2}'],
    ['{"b":{"a":1,"a":2}}'],
    ['[{"a":1,"a":2}]'],
    ['{"":1,"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"a":"x","b":["a"],"a":2}'],
    ['{"\\"":1,"\\u0022":2}'],
  ])("refuses the repeated member in %s (A15: the last wins here, the first elsewhere)", (text) => {
    expect(verdict(text)).toBe("duplicate member");
  });

  it.each([
    ['{"a":{"a":1},"b":{"a":1}}'],
    ['{"a":"a","b":"a"}'],
    ['["a","a"]'],
    ['[{"a":1},{"a":1}]'],
    ['{"a":1,"A":2}'],
    ['{"a":"\\"a\\":"}'],
  ])("reads %s, in which no member is repeated", (text) => {
    expect(verdict(text)).toBe("read");
  });

  it("refuses members that differ in case alone, as deep as it is told (Go folds them into one)", () => {
    const bounds = { ...WIDE, foldCaseDepth: 2 };
    expect(verdict('{"a":1,"A":2}', bounds)).toBe("duplicate member");
    expect(verdict('{"p":{"name":1,"Name":2}}', bounds)).toBe("duplicate member");
    expect(verdict('{"p":{"q":{"name":1,"Name":2}}}', bounds)).toBe("read");
  });

  it.each([
    ["lists as deep as they may be", nested(LIMITS.jsonDepth), "read"],
    ["lists one deeper", nested(LIMITS.jsonDepth + 1), "too deep"],
    ["lists so deep that JSON.stringify would throw later (A17)", nested(100_000), "too deep"],
    ["lists that never close", "[".repeat(1_000_000), "too deep"],
    ["objects too deep", `${'{"a":'.repeat(LIMITS.jsonDepth + 1)}1${"}".repeat(LIMITS.jsonDepth + 1)}`, "too deep"],
    ["many lists side by side", `[${"[],".repeat(100)}1]`, "read"],
    ["as many items as there may be", `[${"1,".repeat(LIMITS.jsonItems - 1)}1]`, "read"],
    ["one item more", `[${"1,".repeat(LIMITS.jsonItems)}1]`, "too many members"],
    [
      "too many members",
      `{${Array.from({ length: LIMITS.jsonMembers + 1 }, (_, at) => `"${at}":1`).join(",")}}`,
      "too many members",
    ],
    ["too many empty lists in lists", `[${"[],".repeat(LIMITS.jsonItems)}1]`, "too many members"],
  ])("bounds depth and members: %s", (_what, text, expected) => {
    expect(verdict(text)).toBe(expected);
  });

  it.each([
    "1e400",
    "-1e400",
    "9007199254740992",
    "-9007199254740993",
    "1e16",
    "123456789012345678901234567890",
    "9007199254740993.0",
  ])("refuses %s, which does not survive a round trip", (number) => {
    expect(verdict(`{"exp":${number}}`)).toBe("number out of range");
    expect(verdict(`[${number}]`)).toBe("number out of range");
    expect(verdict(number)).toBe("number out of range");
  });

  it.each(["0", "-1", "1.5", "1e3", "-1E-3", "9007199254740991"])("reads the number %s", (number) => {
    expect(verdict(number)).toBe("read");
  });

  it.each([
    "",
    " ",
    "{",
    "]",
    "}{",
    "[}",
    '{"a"}',
    '{"a":}',
    "{'a':1}",
    "{a:1}",
    "[1,]",
    '{"a":1,}',
    "01",
    "+1",
    "1.",
    ".5",
    "0x10",
    "NaN",
    "Infinity",
    "undefined",
    "True",
    "{} {}",
    "{}//",
    "/**/{}",
    '"unterminated',
    '"line\nbreak"',
    '"\\x41"',
    '"\\u12"',
    "-",
    "\u00a0{}",
    "\u2028{}",
    "\uFEFF{}",
  ])("refuses %o, which is no JSON", (text) => {
    expect(verdict(text)).toBe("not JSON");
  });

  it.each(['{"\\q":1}', '{"\\u12":1}', '{"\\u00zz":1}', '{"a":1,"\\x41":2}', '{"\\":1}'])(
    "refuses %s as no JSON: a bad escape in a name is the sender's mistake and no fault of ours (A23)",
    (text) => {
      expect(verdict(text)).toBe("not JSON");
    },
  );

  it("reads a string as long as the gateway's largest body", () => {
    expect(verdict(JSON.stringify({ content: "a".repeat(LIMITS.gatewayBodyBytes) }), WIDE)).toBe("read");
  });

  it("reads a long string of escapes", () => {
    expect(verdict(`{"content":"${"\\u0061\\n".repeat(100_000)}"}`, WIDE)).toBe("read");
  });
});

describe("parseStrictObject", () => {
  it("gives a member named __proto__ as a member, and changes no prototype", () => {
    const parsed = parseStrictObject('{"__proto__":{"sub":"mallory"}}');
    expect(parsed["sub"]).toBeUndefined();
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  it.each(["[]", "null", "1", '"a"', "true"])("refuses %s, which is no object", (text) => {
    expect(() => parseStrictObject(text)).toThrow(new AmbiguousJson("not an object"));
  });
});

describe("decodeUtf8", () => {
  it.each(["", "a", "é", "😀", "\u0000", "a\uFEFF"])("reads %o", (text) => {
    expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
  });

  it.each<[string, readonly number[], string]>([
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x7b, 0x7d], "byte order mark"],
    ["a lone continuation byte", [0x80], "not UTF-8"],
    ["an unfinished sequence", [0xc3], "not UTF-8"],
    ["an overlong slash", [0xc0, 0xaf], "not UTF-8"],
    ["an encoded surrogate", [0xed, 0xa0, 0x80], "not UTF-8"],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80], "not UTF-8"],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00], "not UTF-8"],
  ])("refuses %s without repair", (_what, bytes, message) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(new AmbiguousJson(message));
  });
});

describe("isObject", () => {
  it.each([
    [{}, true],
    [[], false],
    [null, false],
    ["a", false],
    [undefined, false],
  ])("says of %o: %s", (value, expected) => {
    expect(isObject(value)).toBe(expected);
  });
});

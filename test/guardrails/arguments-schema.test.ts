import { afterEach, describe, expect, it, vi } from "vitest";
import { fitsInputSchema } from "../../src/guardrails/arguments-schema.ts";

const SCHEMA = {
  type: "object",
  properties: { path: { type: "string", maxLength: 5 }, pattern: { type: "string" }, n: { $ref: "#/$defs/n" } },
  required: ["path"],
  additionalProperties: false,
  $defs: { n: { type: "integer", minimum: 0 } },
};

afterEach(() => vi.restoreAllMocks());

describe("arguments", () => {
  it.each([
    [{ path: "a" }, true],
    [{ path: "a", pattern: "x", n: 3 }, true],
    [{}, false],
    [{ path: "longer" }, false],
    [{ path: "a", n: -1 }, false],
    [{ path: "a", other: 1 }, false],
    [{ path: ["a"] }, false],
    ["a", false],
  ])("%j: %s", (given, fits) => {
    expect(fitsInputSchema(SCHEMA, given)).toBe(fits);
  });

  it("are not held against what makes a schema expensive, but against all else of it", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "string", pattern: "^(x+)+$" },
        list: { type: "array", uniqueItems: true, maxItems: 2 },
      },
      patternProperties: { "^(y+)+$": { type: "string" } },
      additionalProperties: false,
    };
    expect(fitsInputSchema(schema, { a: `${"x".repeat(24)}!`, list: [1, 1], yyy: "z" })).toBe(true);
    expect(fitsInputSchema(schema, { a: 1 })).toBe(false);
    expect(fitsInputSchema(schema, { list: [1, 2, 3] })).toBe(false);
  });
});

describe("a schema that would cost too much, or leads elsewhere", () => {
  const doubling = {
    $ref: "#/$defs/d0",
    $defs: Object.fromEntries(
      Array.from({ length: 40 }, (_none, level) => [
        `d${level}`,
        level === 39
          ? { type: "number" }
          : { anyOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
      ]),
    ),
  };

  it.each<[string, object]>([
    ["doubles at each of forty levels", doubling],
    ["refers to itself", { $ref: "#" }],
    ["refers to a host [GW-09]", { $ref: "https://evil.example/schema.json" }],
    ["refers to metadata of a cloud", { $ref: "http://169.254.169.254/latest" }],
    ["refers to nothing", { $ref: "#/$defs/none" }],
    ["is of types that there are none of", { allOf: [{ $ref: "#/x" }] }],
  ])("fits nothing: it %s", (_what, schema) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    expect(fitsInputSchema(schema as never, { a: 1 })).toBe(false);
    expect(fetched).not.toHaveBeenCalled();
  });
});

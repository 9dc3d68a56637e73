import { describe, expect, it } from "vitest";
import { findMirroredArguments, hasFitHeaders, requireMirrored } from "../../src/gateway/mirrored-arguments.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import type { Json, JsonObject } from "../../src/jwt/strict-json.ts";
import { LIMITS } from "../../src/limits.ts";

const base64 = (text: string): string => `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
const text = (header: unknown, type = "string"): JsonObject => ({ type, "x-mcp-header": header as Json });
const objectOf = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "object",
  properties,
  ...more,
});
const SCHEMA = objectOf({
  region: text("Region"),
  limit: text("Limit", "integer"),
  sure: text("Sure", "boolean"),
  options: objectOf({ account: text("Account") }),
});

function verdict(headers: Record<string, string>, given: Json | undefined, isMandatory = true): string {
  try {
    requireMirrored(new Headers(headers), given, { mirrored: findMirroredArguments(SCHEMA), isMandatory });
    return "agree";
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

const MISMATCH = "message_header_mismatch";

describe("arguments that a schema has mirrored", () => {
  it("are those along properties, at any depth", () => {
    expect(findMirroredArguments(SCHEMA)).toEqual([
      { header: "mcp-param-region", path: ["region"] },
      { header: "mcp-param-limit", path: ["limit"] },
      { header: "mcp-param-sure", path: ["sure"] },
      { header: "mcp-param-account", path: ["options", "account"] },
    ]);
  });

  it.each<[string, Json | undefined]>([
    ["no schema", undefined],
    ["no object", "schema"],
    ["the schema itself", text("Region")],
    ["an item of a list", objectOf({ list: { type: "array", items: text("Item") } })],
    ["an alternative", objectOf({}, { anyOf: [objectOf({ a: text("A") })] })],
    ["a definition", objectOf({}, { $defs: { a: text("A") } })],
    ["an empty name", objectOf({ a: text("") })],
    ["a name with a line end", objectOf({ a: text("A\r\nb") })],
    ["a name that is no text", objectOf({ a: text(1) })],
    ["an object", objectOf({ a: text("A", "object") })],
    ["no type", objectOf({ a: { "x-mcp-header": "A" } })],
  ])("are none that clients must not mirror: %s", (_what, schema) => {
    expect(findMirroredArguments(schema)).toEqual([]);
  });

  it("are not without end", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, text(`A${at}`)]));
    expect(findMirroredArguments(objectOf(many))).toHaveLength(LIMITS.mirroredArguments);
  });
});

describe("the headers that a schema declares", () => {
  it.each<[string, Json | undefined]>([
    ["none", objectOf({ a: { type: "string" } })],
    ["no schema at all", undefined],
    ["some along properties", SCHEMA],
    ["a property of that name", objectOf({ "x-mcp-header": { type: "string" } })],
    ["what is a value and no schema", objectOf({ a: { type: "object", default: text("A"), enum: [text("A")] } })],
  ])("are fit: %s", (_what, schema) => {
    expect(hasFitHeaders(schema)).toBe(true);
  });

  it.each<[string, Json]>([
    ["of the schema itself", text("Region")],
    ["of an item of a list", objectOf({ list: { type: "array", items: text("Item") } })],
    ["of an alternative", objectOf({}, { anyOf: [objectOf({ a: text("A") })] })],
    ["of a definition", objectOf({}, { $defs: { a: text("A") } })],
    ["of a pattern of names", objectOf({}, { patternProperties: { "^a": text("A") } })],
    ["without a name", objectOf({ a: text("") })],
    ["by a name that is no token", objectOf({ a: text("A\r\nb") })],
    ["by what is no text", objectOf({ a: text(1) })],
    ["of an object", objectOf({ a: text("A", "object") })],
    ["twice, but for case", objectOf({ a: text("Region"), b: objectOf({ c: text("region") }) })],
  ])("are not fit: %s", (_what, schema) => {
    expect(hasFitHeaders(schema)).toBe(false);
  });
});

describe("a header that repeats an argument [MCPT-14]", () => {
  it.each<[string, Record<string, string>, Json | undefined, string]>([
    ["says the same", { "mcp-param-region": "eu" }, { region: "eu" }, "agree"],
    ["says it encoded", { "mcp-param-region": base64("eü ") }, { region: "eü " }, "agree"],
    ["says a number as another reader would", { "mcp-param-limit": "42.0" }, { limit: 42 }, "agree"],
    ["says a boolean", { "mcp-param-sure": "true" }, { sure: true }, "agree"],
    ["repeats what is deeper", { "mcp-param-account": "a" }, { options: { account: "a" } }, "agree"],
    ["is not there, nor its argument", {}, { other: 1 }, "agree"],
    ["is not there, and its argument is null", {}, { region: null }, "agree"],
    ["is not there, and there are no arguments", {}, undefined, "agree"],
    ["is one that no schema names", { "mcp-param-other": "x" }, {}, "agree"],
    ["says something else", { "mcp-param-region": "us" }, { region: "eu" }, MISMATCH],
    ["says something else, encoded", { "mcp-param-region": base64("us") }, { region: "eu" }, MISMATCH],
    ["says it in another case", { "mcp-param-region": "EU" }, { region: "eu" }, MISMATCH],
    [
      "is encoded in a way that readers differ about",
      { "mcp-param-region": "=?base64?ZXU?=" },
      { region: "eu" },
      MISMATCH,
    ],
    ["says another number", { "mcp-param-limit": "43" }, { limit: 42 }, MISMATCH],
    ["says a number in hexadecimal", { "mcp-param-limit": "0x2A" }, { limit: 42 }, MISMATCH],
    ["says a number that only rounds to it", { "mcp-param-limit": "42.00000000000000001" }, { limit: 42 }, MISMATCH],
    ["says a text where a number is", { "mcp-param-limit": "" }, { limit: 0 }, MISMATCH],
    ["says a number where a text is", { "mcp-param-region": "42.0" }, { region: "42" }, MISMATCH],
    ["says a boolean in capitals", { "mcp-param-sure": "True" }, { sure: true }, MISMATCH],
    ["says what the body does not", { "mcp-param-region": "eu" }, {}, MISMATCH],
    ["says what is null in the body", { "mcp-param-region": "null" }, { region: null }, MISMATCH],
    ["says what is an object in the body", { "mcp-param-region": "eu" }, { region: { a: "eu" } }, MISMATCH],
    ["says what only a prototype has", { "mcp-param-account": "a" }, { options: [] }, MISMATCH],
    ["is left out", {}, { region: "eu" }, MISMATCH],
  ])("%s", (_how, headers, given, expected) => {
    expect(verdict(headers, given)).toBe(expected);
  });

  it("may be left out in the era of sessions, and may not lie there either", () => {
    expect(verdict({}, { region: "eu" }, false)).toBe("agree");
    expect(verdict({ "mcp-param-region": "us" }, { region: "eu" }, false)).toBe(MISMATCH);
  });
});

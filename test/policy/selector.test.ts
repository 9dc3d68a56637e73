import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { selectorSchema, selects, selectsClient } from "../../src/policy/selector.ts";

describe("selects", () => {
  it.each<[string, "any" | readonly string[], string | null, boolean]>([
    ["any selects a value", "any", "a", true],
    ["any selects one that is absent", "any", null, true],
    ["a list selects what it names", ["a", "b"], "b", true],
    ["a list does not select what it does not name", ["a"], "b", false],
    ["a list does not select what is absent", ["a", "", "null"], null, false],
    ["an empty list selects nothing (H03)", [], "a", false],
    ["a list selects no prefix", ["https://a.example/api"], "https://a.example/api-v2", false],
    ["a list selects nothing in another case", ["a"], "A", false],
    ["any inside a list is a value like others", ["any"], "a", false],
    ["an asterisk is a value like others", ["*"], "a", false],
  ])("%s", (_what, list, candidate, expected) => {
    expect(selects(list === "any" ? "any" : new Set(list), candidate)).toBe(expected);
  });
});

describe("selectsClient", () => {
  const FAMILY = "https://agents.example/red/*";

  it.each<[string, "any" | readonly string[], string, boolean]>([
    ["any selects every client", "any", "agent", true],
    ["a list selects what it names", ["agent"], "agent", true],
    ["a list does not select what it does not name", ["agent"], "agent2", false],
    ["a family selects a client in it", [FAMILY], "https://agents.example/red/client.json", true],
    ["a family selects one deeper in it", [FAMILY], "https://agents.example/red/a/b/client.json", true],
    ["a family selects the pattern that it is", [FAMILY], FAMILY, true],
    ["a family selects nobody beside it", [FAMILY], "https://agents.example/blue/client.json", false],
    ["a family selects nobody whose name only begins like it", [FAMILY], "https://agents.example/redder/x", false],
    ["a family selects nobody of another host", [FAMILY], "https://agents.example.evil.example/red/x", false],
    ["an asterisk alone is no family", ["*"], "agent", false],
    ["an asterisk in a word is none", ["age*"], "agent", false],
  ])("%s", (_what, list, clientId, expected) => {
    expect(selectsClient(list === "any" ? "any" : new Set(list), clientId)).toBe(expected);
  });
});

describe("selectorSchema", () => {
  it.each([
    ["any", "any"],
    [[], new Set()],
    [["a", "b", "a"], new Set(["a", "b"])],
  ])("reads %o", (document, selector) => {
    expect(selectorSchema.parse(document)).toEqual(selector);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an asterisk", "*"],
    ["any in other letters", "ANY"],
    ["one value", "agent"],
    ["an empty value", [""]],
    ["a number", [1]],
    ["a list in a list", [["a"]]],
    ["a value that is too long", ["a".repeat(LIMITS.urlBytes + 1)]],
    ["too many values", Array.from({ length: LIMITS.valuesPerSelector + 1 }, () => "a")],
  ])("refuses %s", (_what, document) => {
    expect(selectorSchema.safeParse(document).success).toBe(false);
  });
});

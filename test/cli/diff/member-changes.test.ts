import { describe, expect, it } from "vitest";
import { describeMemberChanges } from "../../../cli/diff/member-changes.ts";

describe("describeMemberChanges", () => {
  it.each<[string, unknown, unknown, readonly string[]]>([
    ["nothing", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ["a value", { enabled: true }, { enabled: false }, ["enabled: true → false"]],
    ["a member more", {}, { dpop_required: true }, ["dpop_required: added, true"]],
    ["a member less", { owner: "me" }, {}, ['owner: removed, was "me"']],
    [
      "a member inside",
      { key_set: { jwks_uri: "a" } },
      { key_set: { jwks_uri: "b" } },
      ['key_set.jwks_uri: "a" → "b"'],
    ],
    ["a list", { scopes: ["a", "b"] }, { scopes: ["b", "c"] }, ['scopes: − "a", + "c"']],
    ["the order of a list", { scopes: ["a", "b"] }, { scopes: ["b", "a"] }, ["scopes: other order"]],
    ["another kind of value", { clients: "any" }, { clients: ["a"] }, ['clients: "any" → ["a"]']],
    [
      "rules by their names, wherever they stand",
      {
        rules: [
          { id: "x", effect: "deny" },
          { id: "y", clients: ["a"] },
        ],
      },
      { rules: [{ id: "y", clients: ["a", "b"] }, { id: "z" }] },
      ['rules.x: removed, was {"id":"x","effect":"deny"}', 'rules.y.clients: + "b"', 'rules.z: added, {"id":"z"}'],
    ],
  ])("tells of %s", (_what, before, after, lines) => {
    expect(describeMemberChanges(before, after)).toEqual(lines);
  });

  it("stops telling when it gets long", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_none, index) => [`m${index}`, "x".repeat(100)]));
    const lines = describeMemberChanges({}, many);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe("and 30 more changes");
    expect(lines[0]?.length).toBeLessThan(90);
  });
});

import { describe, expect, it } from "vitest";
import { findDocumentChanges } from "../../../cli/diff/document-changes.ts";

const STATED = [{ key: "policy:acme", value: '{"organization":"acme","rules":[]}', path: "policy/acme.json" }];

function changesFrom(inForce: Record<string, string>, prunes = false) {
  const before = Object.entries(inForce).map(([key, value]) => ({ key, value }));
  const { changes, kept, after } = findDocumentChanges(before, STATED, { prunes });
  return { changes: changes.map(({ change, key, members }) => [change, key, ...members]), kept, after };
}

describe("findDocumentChanges", () => {
  it("adds what is not in force", () => {
    expect(changesFrom({}).changes).toEqual([["added", "policy:acme"]]);
  });

  it("leaves alone what is only written differently", () => {
    expect(changesFrom({ "policy:acme": '{ "rules": [], "organization": "acme" }' }).changes).toEqual([]);
  });

  it("replaces what is not even JSON", () => {
    expect(changesFrom({ "policy:acme": "{" }).changes).toEqual([["changed", "policy:acme", "was not JSON"]]);
  });

  it("keeps what no file states, and removes it only when asked", () => {
    const inForce = { "policy:acme": STATED[0]?.value ?? "", "client:gone": "{}" };
    const kept = changesFrom(inForce);
    expect(kept.changes).toEqual([]);
    expect(kept.kept).toEqual(["client:gone"]);
    expect(kept.after.map(({ key }) => key)).toEqual(["client:gone", "policy:acme"]);
    const pruned = changesFrom(inForce, true);
    expect(pruned.changes).toEqual([["removed", "client:gone"]]);
    expect(pruned.kept).toEqual([]);
    expect(pruned.after.map(({ key }) => key)).toEqual(["policy:acme"]);
  });
});

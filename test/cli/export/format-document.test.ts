import { describe, expect, it } from "vitest";
import { formatDocument } from "../../../cli/export/format-document.ts";

describe("formatDocument", () => {
  it("puts members in the order of the schema and chosen names in that of the alphabet", () => {
    const document = {
      rules: [{ scopes: ["a"], clients: "any", effect: "permit", id: "one", resources: [] }],
      organization: "acme",
      $schema: "../schema/policy.schema.json",
    };
    expect(formatDocument("policy", document)).toBe(`{
  "$schema": "../schema/policy.schema.json",
  "organization": "acme",
  "rules": [
    {
      "id": "one",
      "effect": "permit",
      "clients": "any",
      "resources": [],
      "scopes": ["a"]
    }
  ]
}
`);
  });

  it("keeps lists on one line while they fit", () => {
    const long = Array.from({ length: 30 }, (_none, index) => `resource-number-${index}`);
    const text = formatDocument("client", { client_id: "a", resources: long, scopes: ["b", "c"] });
    expect(text).toContain('  "scopes": ["b", "c"]');
    expect(text).toContain('  "resources": [\n    "resource-number-0",\n');
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it("sorts the scopes of a server and the tenants of an issuer", () => {
    const scopes = { b: { tools: ["x"], description: "B" }, a: { description: "A" } };
    const text = formatDocument("resource", { scopes });
    expect(Object.keys(JSON.parse(text).scopes)).toEqual(["a", "b"]);
    expect(Object.keys(JSON.parse(text).scopes.b)).toEqual(["description", "tools"]);
    const tenants = formatDocument("idp", { tenants: { t2: "x", t1: "y" } });
    expect(Object.keys(JSON.parse(tenants).tenants)).toEqual(["t1", "t2"]);
  });
});

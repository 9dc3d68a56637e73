import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { protectedResourceSchema } from "../../src/trust/protected-resource.ts";
import { findPublished, membersOf } from "../../src/trust/virtual-server.ts";
import type { Members } from "../support/documents.ts";
import { deskDocument, FLIGHTS, PAYROLL } from "../support/members.ts";

function flawOf(overrides: Members): string | null {
  const { upstream: _none, ...document } = deskDocument(overrides);
  const stated = "upstream" in overrides ? { ...document, upstream: overrides["upstream"] } : document;
  const { error } = protectedResourceSchema.safeParse(stated);
  return error === undefined ? null : (error.issues[0]?.path.join(".") ?? "");
}

const tool = { server: FLIGHTS, tool: "search" };
const many = (count: number, of: (index: number) => object): Members =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tool_${index}`, of(index)]));

describe("the document of a virtual server", () => {
  it("names tools of other servers in place of an address", () => {
    expect(flawOf({})).toBeNull();
    expect(flawOf({ upstream_credential: { type: "none" }, dpop_required: true })).toBeNull();
  });

  it.each<[string, Members, string]>([
    ["both, an address and tools", { upstream: "https://flights.example.net/mcp" }, "upstream"],
    ["neither", { virtual: undefined }, "upstream"],
    ["no tool", { virtual: { tools: {} } }, "virtual.tools"],
    ["a tool without a name", { virtual: { tools: { "": tool } } }, "virtual.tools."],
    ["a name with a space", { virtual: { tools: { "find flights": tool } } }, "virtual.tools.find flights"],
    ["a name that is no ASCII", { virtual: { tools: { größe: tool } } }, "virtual.tools.größe"],
    [
      "a name that a header spells in two ways",
      { virtual: { tools: { "=?base64?YQ==?=": tool } } },
      "virtual.tools.=?base64?YQ==?=",
    ],
    ["a name that every object has", { virtual: { tools: { constructor: tool } } }, "virtual.tools.constructor"],
    [
      "such a name of the member's",
      { virtual: { tools: { a: { ...tool, tool: "toString" } } } },
      "virtual.tools.a.tool",
    ],
    [
      "a member without an identifier",
      { virtual: { tools: { a: { ...tool, server: "" } } } },
      "virtual.tools.a.server",
    ],
    ["what it does not know", { virtual: { tools: { a: { ...tool, arguments: {} } } } }, "virtual.tools.a"],
    ["resources", { virtual: { tools: { a: tool }, resources: {} } }, "virtual"],
    ["too many tools", { virtual: { tools: many(LIMITS.publishedTools + 1, () => tool) } }, "virtual.tools"],
    [
      "tools of too many servers",
      { virtual: { tools: many(LIMITS.virtualMembers + 1, (index) => ({ ...tool, server: `${FLIGHTS}${index}` })) } },
      "virtual.tools",
    ],
    [
      "more words than an agent should read",
      { virtual: { tools: { a: { ...tool, description: "x".repeat(LIMITS.toolDescriptionCharacters + 1) } } } },
      "virtual.tools.a.description",
    ],
    ["a credential of its own", { upstream_credential: { type: "secret", secret: "key" } }, "upstream_credential"],
    ["guardrails of its own", { guardrails: [{ name: "keys", type: "secrets" }] }, "guardrails"],
    ["approvals of its own", { tool_approval: "hold_back" }, "tool_approval"],
  ])("may not name %s", (_what, overrides, path) => expect(flawOf(overrides)).toBe(path));
});

describe("what a virtual server publishes", () => {
  const published = {
    tools: { a: { server: PAYROLL, tool: "x" }, b: { server: FLIGHTS, tool: "x" }, c: { server: PAYROLL, tool: "y" } },
  };

  it("is found by its own name alone", () => {
    expect(findPublished(published, "b")).toEqual({ server: FLIGHTS, tool: "x" });
    for (const name of ["x", "A", "", "toString", "__proto__"]) expect(findPublished(published, name)).toBeNull();
  });

  it("comes of each member once, in the document's order", () => {
    expect(membersOf(published)).toEqual([PAYROLL, FLIGHTS]);
  });
});

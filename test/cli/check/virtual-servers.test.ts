import { describe, expect, it } from "vitest";
import { findVirtualFlaws } from "../../../cli/check/virtual-servers.ts";
import { readTrustSet } from "../../../cli/trust-set.ts";
import { WIDEST_RULES } from "../../../cli/check/urls.ts";
import { type Members, resourceDocument, toolsDocument } from "../../support/documents.ts";
import { DEPLOYMENT } from "../acme-fixture.ts";

const DESK = "https://crossgate.example/mcp/desk";
const FLIGHTS = "https://crossgate.example/mcp/flights";

const desk = (overrides: Members = {}): Members => ({
  resource: DESK,
  name: "Desk",
  virtual: { tools: { find_flights: { server: FLIGHTS, tool: "search" }, cheap: { server: FLIGHTS, tool: "cheap" } } },
  scopes: { travel: { description: "Travel", tools: ["find_flights"] } },
  ...overrides,
});
const flights = (overrides: Members = {}): Members =>
  resourceDocument({ resource: FLIGHTS, name: "Flights", ...overrides });

function flawsOf(documents: readonly Members[], broken: readonly string[] = []) {
  const keyed = documents.map((document) => {
    const kind = "tools" in document ? "tools" : "resource";
    return { key: `${kind}:${String(document["resource"])}`, value: JSON.stringify(document) };
  });
  const set = readTrustSet(keyed, WIDEST_RULES);
  expect(set.broken).toEqual([]);
  const trust = { set, broken: new Set(broken), deployment: DEPLOYMENT, fileOf: (kind: string) => `${kind}.json` };
  return findVirtualFlaws(trust).map(({ severity, at, problem, fix }) => [severity, at, `${problem}. ${fix}`]);
}

const SERVER = "virtual.tools.find_flights.server";

describe("findVirtualFlaws", () => {
  it("finds nothing in a sound virtual server, nor in any other", () => {
    expect(flawsOf([desk(), flights()])).toEqual([]);
    expect(
      flawsOf([desk({ owner: "travel", dpop_required: true }), flights({ owner: "travel", dpop_required: true })]),
    ).toEqual([]);
  });

  it.each<[string, readonly Members[], [severity: string, at: string, words: string]]>([
    ["a member that there is not", [desk()], ["error", SERVER, "there is no MCP server"]],
    [
      "a member that is misspelt",
      [desk(), flights({ resource: `${FLIGHTS}/` })],
      ["error", SERVER, `Write "${FLIGHTS}/"`],
    ],
    [
      "a virtual server of a virtual server, itself included",
      [desk({ virtual: { tools: { find_flights: { server: DESK, tool: "x" } } } })],
      ["error", SERVER, "virtual server itself"],
    ],
    [
      "a member of another owner",
      [desk({ owner: "desk" }), flights({ owner: "hr" })],
      ["error", SERVER, "another owner"],
    ],
    [
      "a member that has an owner, where none is stated",
      [desk(), flights({ owner: "hr" })],
      ["error", SERVER, "another owner"],
    ],
    ["a member that wants keys", [desk(), flights({ dpop_required: true })], ["error", SERVER, "dpop_required"]],
    ["a member that is disabled", [desk(), flights({ enabled: false })], ["warning", SERVER, "disabled"]],
    [
      "a scope that means a tool that is not published",
      [desk({ scopes: { travel: { description: "Travel", tools: ["find_fligths"] } } }), flights()],
      ["warning", "scopes.travel.tools.0", 'no tool "find_fligths" is published here'],
    ],
    [
      "a tool that nobody has approved where it is held back",
      [
        desk({ virtual: { tools: { find_flights: { server: FLIGHTS, tool: "search" } } } }),
        flights({ tool_approval: "hold_back" }),
        toolsDocument({ resource: FLIGHTS }),
      ],
      ["warning", "virtual.tools.find_flights.tool", "tools approve"],
    ],
  ])("finds %s", (_what, documents, [severity, at, words]) => {
    expect(flawsOf(documents)).toEqual([[severity, at, expect.stringContaining(words)]]);
  });

  it("says nothing of a member whose document does not parse", () => {
    expect(flawsOf([desk()], [`resource:${FLIGHTS}`])).toEqual([]);
  });
});

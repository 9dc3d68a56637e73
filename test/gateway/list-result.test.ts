import { describe, expect, it } from "vitest";
import type { Caller } from "../../src/gateway/authorization.ts";
import { filterMessage as filter } from "../../src/gateway/list-result.ts";
import { parseLossless } from "../../src/jwt/lossless-json.ts";
import { LIMITS } from "../../src/limits.ts";
import { type CallerChanges, makeCaller } from "../support/caller.ts";
import { denyRule, permitRule } from "../support/documents.ts";

const filterMessage = (message: unknown, caller: Caller) =>
  filter(message, { caller, tools: null, upstreamSessionId: null });
const ANY_TOOL = { "files:read": { description: "Any", methods: ["tools/call", "prompts/get", "resources/read"] } };
const anything: CallerChanges = { resource: { scopes: ANY_TOOL } };
const tool = (name: string) => ({ name, inputSchema: { type: "object" } });

async function namesIn(result: object, changes: CallerChanges): Promise<readonly unknown[]> {
  const message = (await filterMessage({ jsonrpc: "2.0", id: 1, result }, makeCaller(changes))) as {
    result: object;
  } | null;
  if (message === null) return ["(malformed)"];
  return Object.values(message.result).flatMap((items) =>
    Array.isArray(items) ? items.map(({ name, uri, uriTemplate }) => uri ?? uriTemplate ?? name) : [],
  );
}

const TOOLS = { tools: ["write_file", "read_file", "stat_file", "format_disk"].map(tool) };

describe("a list", () => {
  it.each<[string, CallerChanges, readonly string[]]>([
    ["what no scope means", {}, ["write_file", "read_file"]],
    [
      "nothing, where scopes and policy permit everything",
      anything,
      ["write_file", "read_file", "stat_file", "format_disk"],
    ],
    [
      "what no rule permits",
      { ...anything, rules: [permitRule({ scopes: "any", calls: { tools: ["*_file"] } })] },
      ["write_file", "read_file", "stat_file"],
    ],
    [
      "what a rule denies",
      {
        ...anything,
        rules: [permitRule({ scopes: "any" }), denyRule({ calls: { tools: ["write_*", "format_disk"] } })],
      },
      ["read_file", "stat_file"],
    ],
    [
      "what needs a scope that policy grants to nobody like this",
      { rules: [permitRule({ scopes: ["files:read"] })] },
      ["read_file"],
    ],
    ["everything, from whom a rule denies everything", { rules: [permitRule(), denyRule()] }, []],
  ])("leaves out %s, in the server's order", async (_name, changes, names) => {
    expect(await namesIn(TOOLS, changes)).toEqual(names);
  });

  it("shows what a better token would get: the refusal says which, and nobody could ask otherwise", async () => {
    expect(await namesIn(TOOLS, { rules: [permitRule({ scopes: "any", acr: ["phr"], dpop_required: true })] })).toEqual(
      ["write_file", "read_file"],
    );
  });

  it("shows what some arguments would be permitted for", async () => {
    const rules = [
      permitRule({ scopes: "any", calls: { tools: ["read_file"], condition: "arguments.n < 1" } }),
      denyRule({ calls: { condition: "arguments.n == 0" } }),
    ];
    expect(await namesIn(TOOLS, { rules })).toEqual(["read_file"]);
  });

  it.each([
    ["prompts", { prompts: [{ name: "greet" }, { name: "secret" }] }, { prompts: ["greet"] }, ["greet"]],
    [
      "resources",
      { resources: [{ uri: "a://1", name: "greet" }, { uri: "b://1" }] },
      { resources: ["a://*"] },
      ["a://1"],
    ],
    [
      "templates",
      { resourceTemplates: [{ uriTemplate: "a://{id}" }, { uriTemplate: "b://{id}" }] },
      { resources: ["a://*"] },
      ["a://{id}"],
    ],
  ])("of %s is filtered too", async (_name, result, calls, names) => {
    expect(await namesIn(result, { ...anything, rules: [permitRule({ calls })] })).toEqual(names);
  });

  it.each([
    ["without a name", { tools: [{}, null, 7, "read_file", { name: 7 }, { name: ["read_file"] }] }],
    ["that is none", { tools: { 0: tool("read_file") } }],
  ])("shows no item %s", async (_name, result) => {
    expect((await namesIn(result, anything)).filter((name) => name !== "(malformed)")).toEqual([]);
  });

  it("has so many items at most as are judged at once", async () => {
    const items = Array.from({ length: LIMITS.listItems }, () => tool("read_file"));
    const rules = [permitRule({ scopes: "any" })];
    expect(await namesIn({ tools: items }, { rules })).toHaveLength(LIMITS.listItems);
    expect(await namesIn({ tools: [...items, tool("read_file")] }, { rules })).toEqual(["(malformed)"]);
  });

  it("keeps its pages, and all else that the server said", async () => {
    const result = { ...TOOLS, nextCursor: "page-2", _meta: { a: 1 }, resultType: "complete" };
    const message = { jsonrpc: "2.0", id: "list", result };
    expect(await filterMessage(message, makeCaller({ rules: [denyRule()] }))).toEqual({
      ...message,
      result: { ...result, tools: [] },
    });
  });

  it("is for this caller alone, and not for long [MCPT-52]", async () => {
    const filtered = async (cache: object) =>
      (await filterMessage({ jsonrpc: "2.0", id: 1, result: { tools: [], ...cache } }, makeCaller())) as {
        result: object;
      };
    expect((await filtered({ cacheScope: "public", ttlMs: 86_400_000 })).result).toEqual({
      tools: [],
      cacheScope: "private",
      ttlMs: 60_000,
    });
    expect((await filtered({ cacheScope: "private", ttlMs: 5 })).result).toMatchObject({
      cacheScope: "private",
      ttlMs: 5,
    });
    expect((await filtered({ ttlMs: "soon" })).result).toMatchObject({ ttlMs: 0 });
    expect((await filtered({})).result).toEqual({ tools: [] });
  });

  it("is a server's description too, once it says who may keep it", async () => {
    const result = { supportedVersions: ["2026-07-28"], cacheScope: "public" };
    expect(await filterMessage({ jsonrpc: "2.0", id: 1, result }, makeCaller())).toMatchObject({
      result: { supportedVersions: ["2026-07-28"], cacheScope: "private" },
    });
  });
});

describe("any other message", () => {
  it.each([
    { jsonrpc: "2.0", id: 1, error: { code: -32_601, message: "no" } },
    { jsonrpc: "2.0", method: "notifications/progress", params: { tools: [] } },
    { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "tools" }] } },
  ])("is what it was: %j", async (message) => {
    expect(await filterMessage(message, makeCaller({ rules: [] }))).toEqual(message);
  });

  it.each([[[{ jsonrpc: "2.0", id: 1, result: TOOLS }]], [null], ["text"]])(
    "that is none is refused: %j",
    async (message) => {
      expect(await filterMessage(message, makeCaller(anything))).toBeNull();
    },
  );
});

it("numbers are written as they were read, whatever a double can hold", async () => {
  const text = '{"maximum":18446744073709551615,"ratio":1.0,"huge":1e400,"list":[0.10,-0]}';
  expect(JSON.stringify(parseLossless(text))).toBe(text);
});

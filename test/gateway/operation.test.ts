import { describe, expect, it } from "vitest";
import type { Message } from "../../src/gateway/message.ts";
import { LIMITS } from "../../src/limits.ts";
import { requirePermitted } from "../../src/gateway/authorization.ts";
import { coveringScopes, operationOf, operationsOf } from "../../src/gateway/operation.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { makeCaller, makeMessage } from "../support/caller.ts";
import type { Operation } from "../../src/policy/operation.ts";
import type { Members } from "../support/documents.ts";
import { DESK, deskDocument } from "../support/members.ts";
import { parseDocument } from "../support/redemption.ts";

const SERVER: Members = {
  scopes: {
    "files:everything": { description: "Call anything", methods: ["tools/call", "resources/read"] },
    "files:read": { description: "Read", methods: ["tools/list"], tools: ["read_file", "stat_file"] },
    "files:write": { description: "Write", methods: ["tools/list", "prompts/list"], tools: ["write_file"] },
  },
};

function message(method: string, target: string | null = null, kind: Message["kind"] = "request"): Message {
  const params = method === "completion/complete" ? { ref: { type: "ref/prompt", name: "x" } } : {};
  return makeMessage({ kind, method, target, params });
}

function verdictOn(about: Message, ...granted: readonly string[]): string {
  try {
    requirePermitted(makeCaller({ resource: SERVER, token: { scope: new Set(granted) } }), operationOf(about));
    return "permitted";
  } catch (error) {
    if (error instanceof CallRefused) return [error.reason, ...error.neededScopes].join(" ");
    throw error;
  }
}

const call = (tool: string): Message => message("tools/call", tool);

describe("what a granted scope means", () => {
  it.each([
    ["a method of the scope", message("tools/list"), ["files:read"]],
    ["a tool of the scope", call("read_file"), ["files:read"]],
    ["any tool, with the scope that means all", call("write_file"), ["files:everything"]],
    ["a tool that no scope names, with the scope that means all", call("unheard_of"), ["files:everything"]],
    ["the union of two scopes", call("write_file"), ["files:read", "files:write"]],
    ["a tool called by a notification", message("tools/call", "read_file", "notification"), ["files:read"]],
  ] as const)("permits %s", (_name, about, granted) => {
    expect(verdictOn(about, ...granted)).toBe("permitted");
  });
});

describe("what it does not mean", () => {
  it.each([
    ["a tool of another scope", call("write_file"), ["files:read"], "scope_insufficient files:write"],
    ["a method of another scope", message("prompts/list"), ["files:read"], "scope_insufficient files:write"],
    ["anything, without a scope", call("read_file"), [], "scope_insufficient files:read"],
    [
      "a tool called by a notification",
      message("tools/call", "write_file", "notification"),
      ["files:read"],
      "scope_insufficient files:write",
    ],
    [
      "a scope that the server does not define",
      call("read_file"),
      ["admin", "*", "files"],
      "scope_insufficient files:read",
    ],
    ["a tool in other case", call("Read_File"), ["files:read"], "scope_insufficient files:everything"],
    ["a tool with a suffix", call("read_file2"), ["files:read"], "scope_insufficient files:everything"],
    ["a tool named like a method", call("tools/list"), ["files:read"], "scope_insufficient files:everything"],
    ["a method named like a tool", message("read_file"), ["files:read"], "operation_unknown"],
    ["a prompt named like a tool", message("prompts/get", "read_file"), ["files:read"], "operation_unknown"],
    ["a member of every object", message("constructor"), ["files:read"], "operation_unknown"],
  ] as const)("refuses %s", (_name, about, granted, verdict) => {
    expect(verdictOn(about, ...granted)).toBe(verdict);
  });

  it("asks for the narrowest scope that would do: every tool is more than any list of tools [MCPA-12]", () => {
    // files:everything has fewer entries than files:write, and opens far more.
    expect(verdictOn(call("write_file"))).toBe("scope_insufficient files:write");
  });
});

/** Every client request and notification of 2025-11-25 and 2026-07-28, so that a new one is denied until somebody says. */
const METHODS = [
  "completion/complete",
  "logging/setLevel",
  "prompts/get",
  "prompts/list",
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "resources/templates/list",
  "resources/unsubscribe",
  "subscriptions/listen",
  "tasks/cancel",
  "tasks/get",
  "tasks/list",
  "tasks/result",
  "tasks/update",
  "tools/call",
  "tools/list",
  "sampling/createMessage",
  "elicitation/create",
  "roots/list",
];
const LIFECYCLE = [
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
];

describe("by default", () => {
  const silent = { scopes: { "nothing:much": { description: "Opens nothing" } }, challenge_scopes: [] };
  const verdict = (about: Message): string => {
    try {
      const caller = makeCaller({ resource: silent, token: { scope: new Set(["nothing:much"]) } });
      requirePermitted(caller, operationOf(about));
      return "permitted";
    } catch (error) {
      return error instanceof CallRefused ? error.reason : "fault";
    }
  };

  it.each(METHODS)("%s is denied", (method) => {
    expect(verdict(message(method, "x"))).toBe("operation_unknown");
  });

  it.each(LIFECYCLE)("%s needs a token and no scope", (method) => {
    expect(verdict(message(method))).toBe("permitted");
  });

  it("so does the answer to a server's own request", () => {
    expect(verdict(message("", null, "response"))).toBe("permitted");
  });
});

describe("a completion", () => {
  const about = (ref: unknown): Message =>
    makeMessage({ method: "completion/complete", target: null, params: { ref } as Message["params"] });

  it("is about the prompt or resource that it is for", () => {
    expect(operationOf(about({ type: "ref/prompt", name: "p" }))).toMatchObject({ kind: "prompt", name: "p" });
    expect(operationOf(about({ type: "ref/resource", uri: "a://b" }))).toMatchObject({
      kind: "resource",
      name: "a://b",
    });
  });

  it.each([
    undefined,
    "p",
    {},
    { type: "ref/prompt" },
    { type: "ref/other", name: "p" },
    { type: "ref/prompt", uri: "a://b" },
    { type: "ref/prompt", name: "public", Name: "secret" },
  ])("of something that two servers could take for two things is refused: %j", (ref) => {
    expect(() => operationOf(about(ref))).toThrow(new CallRefused("message_malformed"));
  });
});

describe("a subscription of the stateless era", () => {
  const about = (notifications: unknown): Message =>
    makeMessage({ method: "subscriptions/listen", target: null, params: { notifications } as Message["params"] });
  const namesIn = (notifications: unknown) => operationsOf(about(notifications)).map((operation) => operation?.name);

  it("is about each resource that it follows, and about itself where it wants more", () => {
    expect(operationsOf(about({ resourceSubscriptions: ["a:b"] }))).toMatchObject([{ kind: "resource", name: "a:b" }]);
    expect(namesIn({ resourceSubscriptions: ["a:b", "a:c"], toolsListChanged: true })).toEqual([null, "a:b", "a:c"]);
    expect([namesIn(undefined), namesIn({}), namesIn({ resourceSubscriptions: [] })]).toEqual([[null], [null], [null]]);
  });

  it.each([
    null,
    [],
    "a:b",
    { resourceSubscriptions: null },
    { resourceSubscriptions: "a:b" },
    { resourceSubscriptions: { 0: "a:b" } },
    { resourceSubscriptions: ["a:b", 7] },
    { resourceSubscriptions: ["\uD800"] },
    { resourceSubscriptions: [`a:${"b".repeat(LIMITS.urlBytes)}`] },
    { resourceSubscriptions: Array.from({ length: LIMITS.resourcesPerSubscription + 1 }, () => "a:b") },
    { ResourceSubscriptions: ["a:b"] },
    { "resource\u017Fubscriptions": ["a:b"] },
  ])("of something that two servers could take for two things is refused: %j", (notifications) => {
    expect(() => operationsOf(about(notifications))).toThrow(new CallRefused("message_malformed"));
  });
});

describe("what a virtual server offers", () => {
  const methods = ["tools/list", "tools/call", "prompts/get", "prompts/list", "subscriptions/listen"];
  const server = parseDocument("resource", DESK, deskDocument({ scopes: { all: { description: "All", methods } } }));
  const ask = (method: string, kind: Operation["kind"] = null, name: string | null = null) =>
    coveringScopes(server, { method, kind, name, arguments: null });

  it("is its list, to follow it, and the tools that its document publishes", () => {
    expect(ask("tools/list")).toEqual(["all"]);
    expect(ask("subscriptions/listen")).toEqual(["all"]);
    expect(ask("tools/call", "tool", "payslip")).toEqual(["all"]);
  });

  it("is nothing else, whatever scopes mean", () => {
    expect(ask("tools/call", "tool", "read_payslip")).toEqual([]);
    expect(ask("tools/call", "tool", "toString")).toEqual([]);
    expect(ask("prompts/list")).toEqual([]);
    expect(ask("prompts/get", "prompt", "payslip")).toEqual([]);
    expect(ask("subscriptions/listen", "resource", "file:///payslip")).toEqual([]);
  });
});

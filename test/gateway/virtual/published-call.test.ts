import { describe, expect, it } from "vitest";
import { CredentialRefused } from "../../../src/credentials/credential-refused.ts";
import { fingerprintTool } from "../../../src/trust/tool-definition.ts";
import type { Members } from "../../support/documents.ts";
import { permitRule } from "../../support/documents.ts";
import { callDesk, type DeskOptions, resultIn, startDesk } from "../../support/desk.ts";
import type { TestGateway } from "../../support/gateway.ts";
import {
  callOf,
  DESK,
  FLIGHTS,
  FLIGHTS_UPSTREAM,
  messagesTo,
  methodsTo,
  PAYROLL,
  PAYROLL_UPSTREAM,
  resultOf,
  SEARCH,
  statelessly,
  stubMembers,
  toolCallTo,
} from "../../support/members.ts";

describe("a call of a published tool", () => {
  it("reaches its member under the member's own name, in body and headers, and is recorded under both", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const called = await callDesk(
      gateway,
      statelessly("tools/call", { name: "find_flights", arguments: { to: "Oslo" } }),
    );
    expect([called.status, resultIn(called)]).toEqual([200, { resultType: "complete", content: [] }]);
    const sent = toolCallTo(upstream, FLIGHTS_UPSTREAM);
    expect(sent?.message.params).toMatchObject({ name: "search", arguments: { to: "Oslo" } });
    expect([sent?.headers.get("mcp-method"), sent?.headers.get("mcp-name")]).toEqual(["tools/call", "search"]);
    expect(upstream.everything()).not.toContain("find_flights");
    expect(gateway.events).toHaveLength(1);
    expect(gateway.events[0]).toMatchObject({
      decision: "granted",
      resource: DESK,
      target: "find_flights",
      member: FLIGHTS,
      member_tool: "search",
      upstream_status: 200,
    });
  });

  it("goes to a member with sessions in one of its own, which begins and ends with it and asks nobody anything", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const { status, headers, text } = await callDesk(gateway, { message: callOf("payslip") });
    await Promise.all(gateway.outlasting);
    expect([status, JSON.parse(text)]).toEqual([200, { jsonrpc: "2.0", id: 7, result: { content: [] } }]);
    expect(headers.has("mcp-session-id")).toBe(false);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM)).toEqual([
      "server/discover",
      "initialize",
      "notifications/initialized",
      "tools/call",
      "DELETE",
    ]);
    expect(messagesTo(upstream, PAYROLL_UPSTREAM)[1]?.params).toMatchObject({ capabilities: {} });
    const inSession = upstream.sent.slice(2).map((sent) => sent.headers.get("mcp-session-id"));
    expect(inSession).toEqual(["of-the-member", "of-the-member", "of-the-member"]);
  });

  it("asks a member for its era once, and again when its answer does not fit", async () => {
    let isUpgraded = false;
    const upstream = stubMembers({
      payroll: { first: (message) => (isUpgraded && message.method === "tools/call" ? resultOf(message, {}) : null) },
    });
    const gateway = await startDesk();
    await callDesk(gateway, { message: callOf("payslip") });
    await callDesk(gateway, { message: callOf("payslip") });
    isUpgraded = true;
    expect(methodsTo(upstream, PAYROLL_UPSTREAM).filter((method) => method === "server/discover")).toHaveLength(1);
    const flaky = stubMembers({ payroll: { call: (message) => Response.json({ id: message.id }, { status: 404 }) } });
    await callDesk(gateway, { message: callOf("payslip") });
    await callDesk(gateway, { message: callOf("payslip") });
    expect(methodsTo(flaky, PAYROLL_UPSTREAM).filter((method) => method === "server/discover")).toHaveLength(1);
  });
});

describe("between the eras", () => {
  it("a client of the stateless era has its answer in its terms from a member with sessions [MCPT-18]", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const meta = { progressToken: 3, "io.modelcontextprotocol/logLevel": "debug" };
    const called = await callDesk(gateway, statelessly("tools/call", { name: "payslip", task: { ttl: 1 } }, meta));
    expect(resultIn(called)).toEqual({ resultType: "complete", content: [] });
    expect(toolCallTo(upstream, PAYROLL_UPSTREAM)?.message.params).toEqual({
      name: "read_payslip",
      _meta: { progressToken: 3 },
    });
    expect(toolCallTo(upstream, PAYROLL_UPSTREAM)?.headers.has("mcp-name")).toBe(false);
  });

  it("a client with sessions has its answer in its terms from a member of the stateless era", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const called = await callDesk(gateway, { message: callOf("find_flights", { _meta: { progressToken: 3 } }) });
    expect(resultIn(called)).toEqual({ content: [] });
    expect(toolCallTo(upstream, FLIGHTS_UPSTREAM)?.message.params?.["_meta"]).toEqual({
      progressToken: 3,
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    });
  });

  it("a member's question passes where both speak without sessions, and so does its answer to the same tool", async () => {
    const asking = { resultType: "input_required", inputRequests: { a: { method: "elicitation/create" } } };
    const upstream = stubMembers({ flights: { call: (message) => resultOf(message, asking) } });
    const gateway = await startDesk();
    const capabilities = { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } };
    const meta = { "io.modelcontextprotocol/clientCapabilities": capabilities };
    const answers = { requestState: "of-the-member", inputResponses: { a: { action: "accept" } } };
    const asked = await callDesk(gateway, statelessly("tools/call", { name: "find_flights", ...answers }, meta));
    expect(resultIn(asked)).toEqual(asking);
    const { params } = toolCallTo(upstream, FLIGHTS_UPSTREAM)?.message ?? {};
    expect(params).toMatchObject(answers);
    // Nobody could come back for the result of a task.
    expect(params?.["_meta"]).toMatchObject({
      "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
    });
    expect(JSON.stringify(params)).not.toContain("tasks");
  });
});

describe("what holds for a member", () => {
  it("holds for calls by a published name: its pins", async () => {
    const upstream = stubMembers();
    const pin = async (definition: Members): Promise<Members> => ({
      resource: FLIGHTS,
      tools: [{ name: "search", fingerprint: await fingerprintTool(definition as never) }],
    });
    const findApproved = (approvedTools: Members): DeskOptions => ({
      flights: { tool_approval: "hold_back" },
      approvedTools,
    });
    const good = await startDesk(findApproved(await pin(SEARCH)));
    expect((await callDesk(good, statelessly("tools/call", { name: "find_flights" }))).status).toBe(200);
    const changed = await startDesk(findApproved(await pin({ ...SEARCH, description: "Searched." })));
    const before = upstream.sent.length;
    expect((await callDesk(changed, statelessly("tools/call", { name: "find_flights" }))).status).toBe(403);
    expect(changed.events[0]).toMatchObject({ reason: "tool_changed", resource: DESK, member_tool: "search" });
    expect(upstream.sent.slice(before).map(({ headers }) => headers.get("mcp-method"))).not.toContain("tools/call");
    const none = await startDesk(findApproved({ resource: FLIGHTS, tools: [] }));
    await callDesk(none, statelessly("tools/call", { name: "find_flights" }));
    expect(none.events[0]).toMatchObject({ reason: "tool_not_approved", target: "find_flights" });
  });

  it("holds for calls by a published name: its guardrails, before and after", async () => {
    const upstream = stubMembers({
      flights: {
        call: (message) =>
          resultOf(message, { resultType: "complete", content: [{ type: "text", text: "AKIAIOSFODNN7EXAMPLE" }] }),
      },
    });
    const guardrails = [{ name: "no-keys", type: "secrets", action: "redact" }];
    const gateway = await startDesk({ flights: { guardrails } });
    const called = await callDesk(
      gateway,
      statelessly("tools/call", { name: "find_flights", arguments: { key: "AKIAIOSFODNN7EXAMPLE" } }),
    );
    expect(called.status).toBe(200);
    expect(called.text).not.toContain("AKIAIOSFODNN7EXAMPLE");
    expect(upstream.everything()).not.toContain("AKIAIOSFODNN7EXAMPLE");
    expect(gateway.events).toHaveLength(1);
    expect(gateway.events[0]).toMatchObject({ resource: DESK, target: "find_flights", member: FLIGHTS });
    expect(gateway.events[0]?.guardrails.map(({ outcome }) => outcome)).toEqual(["redacted", "redacted"]);
  });

  it("holds for calls by a published name: what its guardrails take out permits nothing any more", async () => {
    const upstream = stubMembers();
    const guardrails = [{ name: "no-keys", type: "secrets", action: "redact" }];
    const calls = { tools: ["find_flights"], condition: 'arguments.key.startsWith("AKIA")' };
    const rules = [permitRule({ clients: "any", resources: [DESK], scopes: "any", calls })];
    const given = { name: "find_flights", arguments: { key: "AKIAIOSFODNN7EXAMPLE" } };
    const guarded = await startDesk({ flights: { guardrails }, rules });
    expect((await callDesk(guarded, statelessly("tools/call", given))).status).toBe(403);
    expect(guarded.events.map(({ reason }) => reason)).toEqual(["call_no_rule"]);
    expect(toolCallTo(upstream, FLIGHTS_UPSTREAM)).toBeNull();
    const unguarded = await startDesk({ rules });
    expect((await callDesk(unguarded, statelessly("tools/call", given))).status).toBe(200);
  });

  it("holds for calls by a published name: what its guardrails take out of _meta is in no approval", async () => {
    stubMembers();
    const shown: unknown[] = [];
    const present = async ({ call, key }: { call: { sealedCall: string | null }; key: string }) => {
      shown.push(await gateway.dependencies.shownArguments.open(call.sealedCall ?? "", key));
      return { outcome: "full" } as const;
    };
    const approval = { approvers: "any", show_arguments: true };
    const calls = { tools: ["find_flights"] };
    const rules = [permitRule({ clients: "any", resources: [DESK], scopes: "any", calls, approval })];
    const gateway: TestGateway = await startDesk({
      flights: { guardrails: [{ name: "no-keys", type: "secrets", action: "redact" }] },
      rules,
      overrides: { present },
    });
    const meta = { "example.com/note": "AKIAIOSFODNN7EXAMPLE", "io.modelcontextprotocol/logLevel": "debug" };
    await callDesk(gateway, statelessly("tools/call", { name: "find_flights" }, meta));
    expect(JSON.parse(String(shown[0]))).toMatchObject({
      params: {
        _meta: {
          "example.com/note": "[redacted aws_access_key]",
          "io.modelcontextprotocol/logLevel": "debug",
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        },
      },
    });
  });

  it("holds for calls by a published name: its guardrails redact, and the caller's scopes still hold", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk({
      flights: { guardrails: [{ name: "no-keys", type: "secrets", action: "redact" }] },
    });
    const given = { name: "find_flights", arguments: { key: "AKIAIOSFODNN7EXAMPLE" } };
    expect((await callDesk(gateway, statelessly("tools/call", given))).status).toBe(200);
    expect(toolCallTo(upstream, FLIGHTS_UPSTREAM)?.message.params).toMatchObject({
      arguments: { key: "[redacted aws_access_key]" },
    });
  });

  it("holds for calls by a published name: its credential, for whoever calls", async () => {
    const upstream = stubMembers();
    const asked: unknown[] = [];
    const gateway = await startDesk({
      flights: { upstream_credential: { type: "secret", secret: "flights-key" } },
      overrides: {
        supplyCredential: async ({ resource, caller }) => {
          asked.push([resource.resource, caller.principal, caller.scope]);
          return {
            headers: new Map([["authorization", "Bearer of-flights-for-ada"]]),
            facts: { type: "secret", upstreamHost: "flights.example.net", kid: "k1" },
          };
        },
      },
    });
    await callDesk(gateway, statelessly("tools/call", { name: "find_flights" }));
    expect(asked).toEqual([[FLIGHTS, "usr_ada", []]]);
    expect(toolCallTo(upstream, FLIGHTS_UPSTREAM)?.headers.get("authorization")).toBe("Bearer of-flights-for-ada");
    expect(gateway.events[0]?.credential).toEqual({ type: "secret", upstream_host: "flights.example.net", kid: "k1" });
  });

  it("holds for calls by a published name: who has not connected an account there is told where", async () => {
    stubMembers();
    const wanted: string[] = [];
    const gateway = await startDesk({
      overrides: {
        supplyCredential: async () => {
          throw new CredentialRefused("connection_required");
        },
        connectUrl: async ({ resource, caller }) => {
          wanted.push(resource.resource);
          return `https://crossgate.example/connect?link=for-${caller.principal}`;
        },
      },
    });
    const called = await callDesk(gateway, { message: callOf("payslip") });
    expect(called.text).toContain("/connect?link=for-usr_ada");
    expect(wanted).toEqual([PAYROLL]);
    expect(gateway.events[0]).toMatchObject({ reason: "connection_required", member: PAYROLL });
  });
});

describe("the answer of a member", () => {
  const events = (...messages: readonly object[]): Response =>
    new Response(messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(""), {
      headers: { "content-type": "text/event-stream" },
    });
  const PROGRESS = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 3, progress: 1 } };

  it("streams with its progress, and ends with the result", async () => {
    const upstream = stubMembers({
      payroll: {
        call: ({ id }) => events(PROGRESS, { jsonrpc: "2.0", id, result: { content: [] } }, PROGRESS),
      },
    });
    const gateway = await startDesk();
    const { text } = await callDesk(gateway, statelessly("tools/call", { name: "payslip" }, { progressToken: 3 }));
    const expected = [PROGRESS, { jsonrpc: "2.0", id: 7, result: { resultType: "complete", content: [] } }];
    expect(text).toBe(expected.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(""));
    await Promise.all(gateway.outlasting);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM).at(-1)).toBe("DELETE");
  });

  it("ends its session when the client hangs up", async () => {
    const upstream = stubMembers({
      payroll: {
        call: () => new Response(new ReadableStream({}), { headers: { "content-type": "text/event-stream" } }),
      },
    });
    const gateway = await startDesk();
    const response = await gateway.respond({
      url: DESK,
      token: await gateway.token({ aud: DESK }),
      message: callOf("payslip"),
    });
    await response?.body?.cancel();
    await Promise.all(gateway.outlasting);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM).at(-1)).toBe("DELETE");
  });
});

describe("policy", () => {
  it("is asked about the virtual server and the published name alone", async () => {
    stubMembers();
    const calls = { tools: ["find_flights"] };
    const rules = [permitRule({ clients: "any", resources: [DESK], scopes: "any", calls })];
    const gateway = await startDesk({ rules });
    expect((await callDesk(gateway, { message: callOf("find_flights") })).status).toBe(200);
    expect((await callDesk(gateway, { message: callOf("payslip") })).status).toBe(403);
    expect(gateway.events.map(({ reason }) => reason)).toEqual([null, "call_no_rule"]);
  });
});

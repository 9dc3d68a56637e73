import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { FencedFacts } from "../../src/revocation/fence.ts";
import { type Members, permitRule } from "../support/documents.ts";
import { makeDpopKey } from "../support/dpop.ts";
import { callDesk, type DeskOptions, startDesk as start } from "../support/desk.ts";
import { reasonsOf, type TestGateway } from "../support/gateway.ts";
import {
  callOf,
  DESK,
  errorOf,
  FLIGHTS,
  FLIGHTS_UPSTREAM,
  methodsTo,
  PAYROLL,
  PAYROLL_UPSTREAM,
  READ_PAYSLIP,
  resultOf,
  SEARCH,
  statelessly,
  stubMembers,
} from "../support/members.ts";

/** A server of selected tools is a door to other servers: it must open to nothing but what its document selects. */
/** By scope and policy everything is permitted: what is refused is refused by the selection alone. */
const EVERY_TOOL = { "files:read": { description: "All", methods: ["tools/list", "tools/call", "prompts/get"] } };

function startDesk({ desk, flights, payroll, ...options }: DeskOptions = {}): Promise<TestGateway> {
  const everyTool = (changes: Members | undefined): Members => ({ scopes: EVERY_TOOL, ...changes });
  return start({ desk: everyTool(desk), flights: everyTool(flights), payroll: everyTool(payroll), ...options });
}

describe("a tool that is not selected", () => {
  it.each([
    ["by the member's name for it", "set_salary"],
    ["by the member's name of one that is", "read_payslip"],
    ["by the member and its name", `${PAYROLL}/read_payslip`],
    ["by what every object has", "constructor"],
    ["by what every object has", "__proto__"],
    ["by another case", "Payslip"],
  ])("is not reached %s, in either era", async (_how, name) => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    expect((await callDesk(gateway, { message: callOf(name) })).status).toBe(403);
    expect((await callDesk(gateway, statelessly("tools/call", { name }))).status).toBe(403);
    expect(reasonsOf(gateway)).toEqual(["operation_unknown", "operation_unknown"]);
    expect(upstream.sent).toEqual([]);
  });

  it.each([
    "prompts/get",
    "prompts/list",
    "resources/read",
    "resources/list",
    "completion/complete",
    "logging/setLevel",
  ])("nor is %s, whatever the members can do and policy permits", async (method) => {
    const upstream = stubMembers();
    const scopes = { "files:read": { description: "All", methods: [method, "tools/call"] } };
    const gateway = await startDesk({ desk: { scopes } });
    const params = { name: "payslip", uri: "file:///payslip", ref: { type: "ref/prompt", name: "x" } };
    const answered = await callDesk(gateway, { message: { jsonrpc: "2.0", id: 7, method, params } });
    expect(answered.errorCode).toBe(-32_601);
    expect(upstream.sent).toEqual([]);
  });
});

describe("two names for one call", () => {
  it.each([
    ["the member's name in the header", { "mcp-name": "search" }],
    ["another published name in the header", { "mcp-name": "payslip" }],
    ["another method in the header", { "mcp-method": "tools/list" }],
  ])("are refused: %s", async (_what, lie) => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const honest = statelessly("tools/call", { name: "find_flights" });
    const answered = await callDesk(gateway, { ...honest, headers: { ...honest.headers, ...lie } });
    expect([answered.status, answered.errorCode]).toEqual([400, -32_020]);
    expect(upstream.sent).toEqual([]);
  });

  it("a header of the caller's never stands beside the one that is written anew", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const honest = statelessly("tools/call", { name: "find_flights" });
    const encoded = { "mcp-name": `=?base64?${btoa("find_flights")}?=` };
    await callDesk(gateway, { ...honest, headers: { ...honest.headers, ...encoded } });
    expect(upstream.sent.at(-1)?.headers.get("mcp-name")).toBe("search");
  });
});

describe("a token", () => {
  it("for the virtual server opens none of its members, and the other way about", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const ofDesk = await gateway.token({ aud: DESK });
    const ofFlights = await gateway.token({ aud: FLIGHTS });
    expect((await gateway.call({ url: FLIGHTS, token: ofDesk, message: callOf("search") })).status).toBe(401);
    expect((await gateway.call({ url: DESK, token: ofFlights, message: callOf("find_flights") })).status).toBe(401);
    expect(upstream.sent).toEqual([]);
  });

  it.each([
    ["the member", `resource:${PAYROLL}`],
    ["the agent's connection to the member", `connection:["acme","agent","${PAYROLL}"]`],
  ])("stops at a member when %s is revoked, and at none of the others", async (_what, fence) => {
    const upstream = stubMembers();
    const isRevoked = async ({ names }: FencedFacts): Promise<boolean> => names.includes(fence);
    const gateway = await startDesk({ overrides: { isRevoked } });
    expect((await callDesk(gateway, { message: callOf("payslip") })).status).toBe(401);
    expect(reasonsOf(gateway)).toEqual(["token_revoked"]);
    expect(upstream.sent).toEqual([]);
    expect((await callDesk(gateway, { message: callOf("find_flights") })).status).toBe(200);
  });

  it("that is revoked while its call is on the way reaches no member", async () => {
    const upstream = stubMembers();
    let looks = 0;
    const isRevoked = async ({ names }: FencedFacts): Promise<boolean> => {
      looks += 1;
      return looks > 1 && names.includes("principal:usr_ada");
    };
    const gateway = await startDesk({ overrides: { isRevoked } });
    expect((await callDesk(gateway, { message: callOf("payslip") })).status).toBe(401);
    expect(upstream.sent).toEqual([]);
  });

  it("without a key does not reach a member that wants one", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk({ payroll: { dpop_required: true } });
    const refused = await callDesk(gateway, { message: callOf("payslip") });
    expect([refused.status, refused.challenge?.startsWith("DPoP ")]).toEqual([401, true]);
    expect(upstream.sent).toEqual([]);
    const key = await makeDpopKey();
    const token = await gateway.token({ aud: DESK, cnf: { jkt: key.thumbprint } });
    const headers = { dpop: await gateway.proof(key, token, { htu: DESK }) };
    const called = await gateway.call({ url: DESK, token, scheme: "DPoP", headers, message: callOf("payslip") });
    expect(called.status).toBe(200);
  });
});

describe("a member's credential", () => {
  it("is of the person who calls, whoever else calls at the same time", async () => {
    const upstream = stubMembers();
    const supplyCredential: TestGateway["dependencies"]["supplyCredential"] = async ({ caller, resource }) => ({
      headers: new Map([["authorization", `Bearer ${resource.name} of ${caller.principal}`]]),
      facts: { type: "authorization_code", upstreamHost: "flights.example.net", kid: null },
    });
    const gateway = await startDesk({ overrides: { supplyCredential } });
    const people = Array.from({ length: 8 }, (_, index) => `usr_${index}`);
    await Promise.all(
      people.flatMap((sub) =>
        ["find_flights", "payslip"].map(async (name) => {
          const token = await gateway.token({ aud: DESK, sub });
          await gateway.call({ url: DESK, token, message: callOf(name, { arguments: { mine: sub } }) });
        }),
      ),
    );
    const calls = upstream.sent.filter(({ body }) => body?.includes('"tools/call"'));
    expect(calls).toHaveLength(16);
    for (const { headers, body, url } of calls) {
      const { params } = JSON.parse(body ?? "") as { params: { arguments: { mine: string } } };
      const server = url === FLIGHTS_UPSTREAM ? "Flights" : "Payroll";
      expect(headers.get("authorization")).toBe(`Bearer ${server} of ${params.arguments.mine}`);
    }
  });
});

describe("a member that is none", () => {
  it.each<[string, DeskOptions]>([
    ["is not there", { desk: { virtual: only("https://crossgate.example/mcp/nowhere") } }],
    ["is disabled", { payroll: { enabled: false } }],
    ["has another owner", { payroll: { owner: "hr" } }],
    ["is a virtual server itself", { desk: { virtual: only(DESK) } }],
  ])("%s: its tools are refused and not forwarded, and are in no list", async (_what, changes) => {
    const upstream = stubMembers();
    const gateway = await startDesk(changes);
    const called = await callDesk(gateway, { message: callOf("payslip") });
    expect([called.status, reasonsOf(gateway)]).toEqual([502, ["member_unusable"]]);
    expect(upstream.sent).toEqual([]);
    const listed = await callDesk(gateway, { message: { jsonrpc: "2.0", id: 1, method: "tools/list" } });
    expect(listed.text).not.toContain('"payslip"');
  });
});

function only(server: string): Members {
  return { tools: { payslip: { server, tool: "payslip" } } };
}

describe("a member that lies about a call", () => {
  const sse = (text: string): Response => new Response(text, { headers: { "content-type": "text/event-stream" } });
  const asks = { jsonrpc: "2.0", id: 7, method: "sampling/createMessage", params: {} };

  it.each<[string, () => Response]>([
    ["asks the client something", () => Response.json(asks)],
    ["answers another call", () => Response.json({ jsonrpc: "2.0", id: 8, result: { content: [] } })],
    ["answers a batch", () => Response.json([{ jsonrpc: "2.0", id: 7, result: {} }])],
    ["answers what is no JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["answers nothing", () => new Response(null, { status: 202 })],
    [
      "answers with a task",
      () => Response.json({ jsonrpc: "2.0", id: 7, result: { resultType: "task", taskId: "x" } }),
    ],
    ["ends the client's session", () => Response.json({ jsonrpc: "2.0", id: 7, error: {} }, { status: 404 })],
    ["answers more than is read", () => Response.json({ jsonrpc: "2.0", id: 7, result: "x".repeat(4 * 1024 * 1024) })],
  ])("and %s is told so as a fault of the server's", async (_what, answer) => {
    stubMembers({ payroll: { call: answer }, flights: { call: answer } });
    const gateway = await startDesk();
    for (const name of ["payslip", "find_flights"]) {
      // oxlint-disable-next-line no-await-in-loop -- one gateway, two eras
      const { status } = await callDesk(gateway, { message: callOf(name) });
      expect([name, status]).toEqual([name, 502]);
    }
    expect(new Set(reasonsOf(gateway))).toEqual(new Set(["upstream_answer_malformed"]));
  });

  it("and asks within its stream is cut off there, and its caller told [MCPT-30]", async () => {
    stubMembers({
      payroll: { call: () => sse(`data: ${JSON.stringify(asks)}\n\ndata: {"jsonrpc":"2.0","id":7,"result":{}}\n\n`) },
    });
    const gateway = await startDesk();
    for (const changes of [{ message: callOf("payslip") }, statelessly("tools/call", { name: "payslip" })]) {
      // oxlint-disable-next-line no-await-in-loop -- one gateway, two eras
      const { text } = await callDesk(gateway, changes);
      expect(text).not.toContain("sampling");
      expect(text.match(/data: /g)).toHaveLength(1);
      expect(text).toContain('"id":7,"error":{"code":502');
    }
  });

  it.each<[string, Members, Members | undefined]>([
    ["what no client can do", { elicitation: {}, roots: {}, sampling: {} }, { method: "tools/call" }],
    ["a form of who opens addresses alone", { elicitation: { url: {} } }, { method: "elicitation/create" }],
    ["an answer of a model of who has none", { elicitation: {} }, { method: "sampling/createMessage" }],
    ["nothing that can be read", { elicitation: {}, roots: {}, sampling: {} }, undefined],
  ])("and asks its client for what that has not declared is told off: %s [MCPT-17]", async (_what, declared, asked) => {
    const inputRequests = asked === undefined ? [] : { a: asked };
    stubMembers({
      flights: { call: (message) => resultOf(message, { resultType: "input_required", inputRequests }) },
    });
    const meta = { "io.modelcontextprotocol/clientCapabilities": declared };
    const called = await callDesk(await startDesk(), statelessly("tools/call", { name: "find_flights" }, meta));
    expect(called.status).toBe(502);
    expect(called.text).not.toContain("input_required");
  });

  it("and announces what is no news of this call is not heard", async () => {
    const notice = (method: string, params: Members, more: Members = {}) =>
      `data: ${JSON.stringify({ jsonrpc: "2.0", method, params, ...more })}\n\n`;
    const progress = { progressToken: "mine", progress: 1, message: "half way" };
    const log = { level: "info", data: "as it is" };
    const stream = [
      notice("notifications/progress", { ...progress, progressToken: "of-another", message: "unheard" }),
      notice("notifications/tools/list_changed", { note: "unheard" }),
      notice("notifications/resources/updated", { uri: "file:///unheard" }),
      notice("notifications/elicitation/complete", { elicitationId: "unheard" }),
      notice("notifications/progress", { ...progress, note: "unheard" }, { ID: "unheard", Params: { a: "unheard" } }),
      notice("notifications/message", { ...log, _meta: { a: "unheard" } }, { Method: "unheard" }),
      'data: {"jsonrpc":"2.0","id":7,"result":{"content":[]}}\n\n',
    ].join("");
    stubMembers({ payroll: { call: () => sse(stream) } });
    const asked = callOf("payslip", { _meta: { progressToken: "mine" } });
    const { text } = await callDesk(await startDesk(), { message: asked });
    expect(text).not.toContain("unheard");
    const data = text.split("\n").filter((line) => line.startsWith("data: "));
    expect(data.map((line) => JSON.parse(line.slice("data: ".length)) as unknown)).toEqual([
      { jsonrpc: "2.0", method: "notifications/progress", params: progress },
      { jsonrpc: "2.0", method: "notifications/message", params: log },
      { jsonrpc: "2.0", id: 7, result: { content: [] } },
    ]);
    const { text: unasked } = await callDesk(await startDesk(), { message: callOf("payslip") });
    expect(unasked).not.toContain("half way");
  });

  it.each(["ID", "Result", "METHOD"])("and says %s to a client that folds case is told off", async (member) => {
    stubMembers({
      payroll: { call: () => Response.json({ jsonrpc: "2.0", id: 7, result: { content: [] }, [member]: 8 }) },
    });
    expect((await callDesk(await startDesk(), { message: callOf("payslip") })).status).toBe(502);
  });

  it("and asks for input where nobody could bring it is told off", async () => {
    const asking = { resultType: "input_required", inputRequests: {} };
    stubMembers({ flights: { call: (message) => resultOf(message, asking) } });
    expect((await callDesk(await startDesk(), { message: callOf("find_flights") })).status).toBe(502);
  });

  it.each(["", "of the member", "x".repeat(1025)])(
    "and opens a session by a name that is none is not used",
    async (id) => {
      const result = { protocolVersion: "2025-11-25", capabilities: {} };
      const upstream = stubMembers({
        payroll: {
          first: (message) =>
            message.method === "initialize" ? resultOf(message, result, { "mcp-session-id": id }) : null,
        },
      });
      expect((await callDesk(await startDesk(), { message: callOf("payslip") })).status).toBe(502);
      expect(methodsTo(upstream, PAYROLL_UPSTREAM)).not.toContain("tools/call");
    },
  );

  it.each(["2024-11-05", "2099-01-01", 7])("and speaks revision %s is not spoken to", async (protocolVersion) => {
    const upstream = stubMembers({
      payroll: {
        first: (message) => (message.method === "initialize" ? resultOf(message, { protocolVersion }) : null),
      },
    });
    expect((await callDesk(await startDesk(), { message: callOf("payslip") })).status).toBe(502);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM)).not.toContain("tools/call");
  });

  it("and takes no notice of having been initialized is not used", async () => {
    const upstream = stubMembers({
      payroll: { first: (message) => (message.method === "notifications/initialized" ? errorOf(message, 400) : null) },
    });
    expect((await callDesk(await startDesk(), { message: callOf("payslip") })).status).toBe(502);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM)).not.toContain("tools/call");
  });
});

describe("a session of the virtual server", () => {
  it("is for its holder, and made by us", async () => {
    stubMembers();
    const gateway = await startDesk();
    const begun = await callDesk(gateway, {
      message: { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } },
    });
    const session = begun.headers.get("mcp-session-id") ?? "";
    const headers = { "mcp-session-id": session };
    expect((await callDesk(gateway, { headers, message: callOf("payslip") })).status).toBe(200);
    const eve = await gateway.token({ aud: DESK, sub: "usr_eve" });
    const asEve = await gateway.call({ url: DESK, token: eve, headers, message: callOf("payslip") });
    const forged = await callDesk(gateway, {
      headers: { "mcp-session-id": "of-the-member" },
      message: callOf("payslip"),
    });
    const ended = await gateway.call({ url: DESK, token: eve, headers, method: "DELETE" });
    expect([asEve.status, forged.status, ended.status]).toEqual([404, 404, 404]);
  });
});

describe("an approval", () => {
  it("is not for another tool that the same name has come to stand for", async () => {
    stubMembers();
    const approval = { approvers: { groups: ["leads"] } };
    const calls = { tools: ["payslip"] };
    const rules = [permitRule({ clients: "any", resources: "any", scopes: "any", calls, approval })];
    const keys: string[] = [];
    const present = async ({ key }: { key: string }) => {
      keys.push(key);
      return { outcome: "full" } as const;
    };
    const before = await startDesk({ rules, overrides: { present } });
    const tools = { payslip: { server: PAYROLL, tool: "set_salary" } };
    const after = await startDesk({ rules, overrides: { present }, desk: { virtual: { tools } } });
    for (const gateway of [before, before, after]) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await callDesk(gateway, { message: callOf("payslip", { arguments: {} }) });
    }
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });
});

describe("a list", () => {
  const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list" };

  it("takes no cursor, since it gives none", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    for (const cursor of ["", "1", null, "of-the-member"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status } = await callDesk(gateway, { message: { ...LIST, params: { cursor } } });
      expect(status).toBe(400);
    }
    expect(upstream.sent).toEqual([]);
  });

  it.each<[string, () => Response]>([
    ["claims the tool of another member", () => Response.json({})],
    ["never ends", () => Response.json({})],
  ])("of a member that %s has nothing of it", async (what) => {
    stubMembers({
      flights: {
        first: (message) => {
          if (message.method !== "tools/list") return null;
          if (what === "never ends") return resultOf(message, { tools: [], nextCursor: "more" });
          const tools = [{ ...READ_PAYSLIP, description: "Mine now." }, SEARCH, { ...SEARCH, name: "payslip" }];
          return resultOf(message, { tools });
        },
      },
    });
    const { text } = await callDesk(await startDesk(), { message: LIST });
    expect(text).not.toContain("Mine now.");
    expect(text.match(/"name":"payslip"/g)).toHaveLength(1);
  });

  it("shows neither of two tools of one name", async () => {
    stubMembers({ flights: { tools: [SEARCH, { ...SEARCH, description: "Another." }] } });
    const { text } = await callDesk(await startDesk(), { message: LIST });
    expect(text).not.toContain("find_flights");
    expect(text).toContain('"payslip"');
  });

  it("of a member that fills a page past what is held has nothing of it", async () => {
    const filler = { ...SEARCH, name: "filler", description: "x".repeat(LIMITS.memberListBytes) };
    stubMembers({ flights: { tools: [SEARCH, filler] } });
    const { text } = await callDesk(await startDesk(), { message: LIST });
    expect(text).toContain(`"server":"${FLIGHTS}","reason":"upstream_tools_unknown"`);
    expect(text).not.toContain("find_flights");
  });

  it.each(["server/discover", "tools/list"])("waits no longer for a member that hangs at %s", async (method) => {
    // Each wait has an end of its own; here it comes at once.
    const waits: number[] = [];
    const impatient = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      waits.push(milliseconds);
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 50);
      return controller.signal;
    });
    onTestFinished(() => impatient.mockRestore());
    const hang = ({ init }: { readonly init: RequestInit }) =>
      new Promise<Response>((_resolve, reject) =>
        init.signal?.addEventListener("abort", () => reject(new Error("cut"))),
      );
    stubMembers({ flights: { first: (message, sent) => (message.method === method ? hang(sent) : null) } });
    const { text } = await callDesk(await startDesk(), { message: LIST });
    expect(text).toContain('"payslip"');
    expect(text).toContain("crossgate/missing");
    expect(Math.max(...waits)).toBeLessThanOrEqual(LIMITS.toolListMilliseconds);
  });

  it("is asked of no member whose tools the caller may not use", async () => {
    const upstream = stubMembers();
    const rules = [permitRule({ clients: "any", resources: "any", scopes: "any", calls: { tools: ["payslip"] } })];
    const lists = permitRule({
      id: "lists",
      clients: "any",
      resources: "any",
      scopes: "any",
      calls: { methods: ["tools/list"] },
    });
    await callDesk(await startDesk({ rules: [...rules, lists] }), { message: LIST });
    expect(methodsTo(upstream, FLIGHTS_UPSTREAM)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { fingerprintTool } from "../../src/trust/tool-definition.ts";
import { type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { type CallChanges, LIST_TOOLS, READ_FILE, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

const KEY = "AKIAIOSFODNN7EXAMPLE";
const EVENTS = { headers: { "content-type": "text/event-stream" } };
const CALL_ANYTHING = {
  "files:read": { description: "Any", methods: ["tools/call", "tools/list", "prompts/get", "resources/read"] },
};

const callWith = (given: unknown, more: Members = {}): CallChanges => ({
  message: { ...READ_FILE, params: { name: "read_file", arguments: given, ...more } },
});

interface Asked {
  readonly guardrails: readonly Members[];
  readonly changes?: CallChanges;
  readonly result?: unknown;
  readonly answer?: () => Response;
  readonly rules?: readonly Members[];
}

async function ask({ guardrails, changes = {}, result = { content: [] }, answer, rules }: Asked) {
  const upstream = stubUpstream(answer ?? (() => Response.json({ jsonrpc: "2.0", id: 1, result })));
  const gateway = await TestGateway.start({
    resources: [{ guardrails, scopes: CALL_ANYTHING }],
    ...(rules === undefined ? {} : { rules }),
  });
  const answered = await gateway.call(changes);
  const sent = upstream.sent.map(({ body }) => (JSON.parse(body ?? "{}") as Members)["params"]);
  return { ...answered, gateway, upstream, sent, outcomes: gateway.events.map((event) => event.guardrails) };
}

const secrets = (more: Members = {}): Members => ({ name: "no-secrets", type: "secrets", ...more });
const outcome = (name: string, phase: string, of: string, count: number) => ({ name, phase, outcome: of, count });

describe("what a caller sends", () => {
  it("is refused with a secret in it, and goes nowhere; the record has the processor and the count", async () => {
    const { status, upstream, gateway, outcomes } = await ask({
      guardrails: [secrets()],
      changes: callWith({ text: `my key is ${KEY}` }),
    });
    expect([status, reasonsOf(gateway), upstream.sent]).toEqual([403, ["guardrail_blocked"], []]);
    expect(outcomes).toEqual([[outcome("no-secrets", "before", "blocked", 1)]]);
    expect(JSON.stringify(gateway.events)).not.toContain(KEY);
  });

  it("goes on without it where it is to be taken out, at any depth", async () => {
    const { status, sent, outcomes } = await ask({
      guardrails: [secrets({ action: "redact" })],
      changes: callWith({ text: `a ${KEY} b`, deep: [{ er: KEY }] }),
    });
    expect(status).toBe(200);
    expect(sent).toEqual([
      {
        name: "read_file",
        arguments: { text: "a [redacted aws_access_key] b", deep: [{ er: "[redacted aws_access_key]" }] },
      },
    ]);
    expect(outcomes[0]).toContainEqual(outcome("no-secrets", "before", "redacted", 2));
  });

  it("is authorized as it is forwarded: a rule about arguments judges what is left of them", async () => {
    const rules = [permitRule({ scopes: "any", calls: { tools: ["*"], condition: `arguments.text == "${KEY}"` } })];
    const redacted = await ask({
      guardrails: [secrets({ action: "redact" })],
      changes: callWith({ text: KEY }),
      rules,
    });
    expect([redacted.status, reasonsOf(redacted.gateway), redacted.upstream.sent]).toEqual([403, ["call_no_rule"], []]);
    const allowed = await ask({ guardrails: [secrets({ when: "after" })], changes: callWith({ text: KEY }), rules });
    expect(allowed.status).toBe(200);
  });

  it.each<[string, unknown]>([
    ["in the name of a member", { [KEY]: 1 }],
    ["in two texts that are read as one", { content: [{ text: KEY.slice(0, 9) }, { text: KEY.slice(9) }] }],
  ])("is refused where it cannot be taken out: %s", async (_where, given) => {
    const { status } = await ask({ guardrails: [secrets({ action: "redact" })], changes: callWith(given) });
    expect(status).toBe(403);
  });

  it("is refused where a header says it once more", async () => {
    for (const value of [KEY, `=?base64?${btoa(KEY)}?=`]) {
      // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
      const { status, upstream } = await ask({
        guardrails: [secrets({ action: "redact" })],
        changes: { ...callWith({ text: KEY }), headers: { "mcp-param-text": value } },
      });
      expect([status, upstream.sent]).toEqual([403, []]);
    }
  });

  it("is looked through in answers to a server's questions too, in either era", async () => {
    const response = { jsonrpc: "2.0", id: 7, result: { content: { secret: KEY } } };
    expect((await ask({ guardrails: [secrets()], changes: { message: response } })).status).toBe(403);
    const retry = callWith({}, { inputResponses: { a: { content: KEY } }, requestState: `eyJ${"a".repeat(20)}` });
    expect((await ask({ guardrails: [secrets()], changes: retry })).status).toBe(403);
  });

  it("has a size", async () => {
    const guardrails = [{ name: "small", type: "size", arguments_bytes: 50 }];
    expect((await ask({ guardrails, changes: callWith({ a: "x".repeat(10) }) })).status).toBe(200);
    expect((await ask({ guardrails, changes: callWith({ a: "x".repeat(50) }) })).status).toBe(403);
  });

  it("passes each processor in turn: what one has taken out, the next does not see", async () => {
    const { status, outcomes } = await ask({
      guardrails: [secrets({ action: "redact" }), { name: "p", type: "patterns", patterns: ["AKIA"] }],
      changes: callWith({ a: KEY }),
    });
    expect(status).toBe(200);
    expect(outcomes[0]).toContainEqual(outcome("p", "before", "passed", 0));
  });

  it("is looked for what a pattern or a kind of personal data says", async () => {
    const patterns = [{ name: "p", type: "patterns", patterns: [String.raw`ACME-\d{6}`] }];
    expect((await ask({ guardrails: patterns, changes: callWith({ a: "ACME-123456" }) })).status).toBe(403);
    const personal = [{ name: "p", type: "personal_data", kinds: ["credit_card"], action: "redact" }];
    const { sent } = await ask({ guardrails: personal, changes: callWith({ a: 4111111111111111, b: "a@b.example" }) });
    expect(sent).toMatchObject([{ arguments: { a: "[redacted credit_card]", b: "a@b.example" } }]);
  });
});

describe("arguments and the schema of their tool", () => {
  const TOOL = {
    name: "read_file",
    inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  };
  const guardrails = [{ name: "schema", type: "arguments_schema" }];

  async function call(given: unknown, { tool = TOOL, states = true }: { tool?: object; states?: boolean } = {}) {
    const entry = { name: "read_file", fingerprint: await fingerprintTool(TOOL) };
    stubUpstream(({ body }) => {
      const { id, method } = JSON.parse(body ?? "{}") as Members;
      return Response.json({
        jsonrpc: "2.0",
        id,
        result: method === "tools/list" ? { tools: [tool] } : { content: [] },
      });
    });
    const approvedTools = { resource: RESOURCE, tools: [{ ...entry, ...(states ? { definition: TOOL } : {}) }] };
    const gateway = await TestGateway.start({ resources: [{ guardrails }], approvedTools });
    const { status } = await gateway.call(callWith(given));
    return [status, ...reasonsOf(gateway)];
  }

  it("have to fit it as it was approved", async () => {
    expect(await call({ path: "a" })).toEqual([200, null]);
    expect(await call({ path: 1 })).toEqual([403, "guardrail_blocked"]);
    expect(await call({})).toEqual([403, "guardrail_blocked"]);
  });

  it("fit none that nobody has approved, or whose definition is not in the document", async () => {
    expect(await call({ path: "a" }, { tool: { ...TOOL, description: "other" } })).toEqual([403, "guardrail_blocked"]);
    expect(await call({ path: "a" }, { states: false })).toEqual([403, "guardrail_blocked"]);
  });
});

describe("what a server answers", () => {
  const text = (value: string) => ({ content: [{ type: "text", text: value }] });

  it("is withheld with a secret in it, or passed on without", async () => {
    const blocked = await ask({ guardrails: [secrets()], result: text(KEY) });
    expect([blocked.status, reasonsOf(blocked.gateway), blocked.text.includes(KEY)]).toEqual([
      403,
      ["guardrail_withheld"],
      false,
    ]);
    expect(blocked.gateway.events[0]?.upstream_status).toBe(200);
    const redacted = await ask({ guardrails: [secrets({ action: "redact" })], result: text(`"${KEY}"\n`) });
    expect(JSON.parse(redacted.text)).toEqual({ jsonrpc: "2.0", id: 1, result: text('"[redacted aws_access_key]"\n') });
    expect(redacted.outcomes[0]).toContainEqual(outcome("no-secrets", "after", "redacted", 1));
  });

  it("comes as it was where nothing is found, to the byte", async () => {
    const body = `{"jsonrpc" : "2.0", "id":1,"result":{"n":18446744073709551615,"content":[]}}`;
    const answer = () => new Response(body, { headers: { "content-type": "application/json" } });
    expect((await ask({ guardrails: [secrets()], answer })).text).toBe(body);
  });

  it("keeps the handles that a client has to send back, whatever they look like", async () => {
    const jwt = `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(43)}`;
    const result = { requestState: jwt, inputRequests: { a: { params: { message: "ask" } } } };
    const { text: answered } = await ask({
      guardrails: [secrets({ action: "redact" })],
      result: { ...result, note: jwt },
    });
    expect(JSON.parse(answered)).toMatchObject({ result: { ...result, note: "[redacted jwt]" } });
  });

  it("is read in errors, structured content and resources too", async () => {
    const error = () =>
      Response.json({ jsonrpc: "2.0", id: 1, error: { code: 1, message: `bad ${KEY}` } }, { status: 400 });
    expect((await ask({ guardrails: [secrets()], answer: error })).status).toBe(403);
    expect((await ask({ guardrails: [secrets()], result: { structuredContent: { a: [KEY] } } })).status).toBe(403);
    const message = { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "file:///a" } };
    const resource = { contents: [{ uri: "file:///a", blob: btoa(`key=${KEY}`) }] };
    expect((await ask({ guardrails: [secrets()], changes: { message }, result: resource })).status).toBe(403);
  });

  it("has a size, and content of the kinds that are listed", async () => {
    const size = [{ name: "small", type: "size", result_bytes: 100 }];
    expect((await ask({ guardrails: size, result: text("a".repeat(20)) })).status).toBe(200);
    expect((await ask({ guardrails: size, result: text("a".repeat(100)) })).status).toBe(403);
    const content = [
      { name: "kinds", type: "content", types: ["text", "image"], media_types: ["image/png", "text/*"] },
    ];
    const image = (mimeType: string) => ({ content: [{ type: "image", mimeType, data: "" }] });
    expect((await ask({ guardrails: content, result: image("image/png") })).status).toBe(200);
    expect((await ask({ guardrails: content, result: image("image/svg+xml") })).status).toBe(403);
    expect((await ask({ guardrails: content, result: { content: [{ type: "audio" }] } })).status).toBe(403);
    const embedded = { content: [{ type: "text", resource: { mimeType: "application/x-sh", text: "" } }] };
    expect((await ask({ guardrails: content, result: embedded })).status).toBe(403);
  });

  it("is a list that passes as it is: that is for policy, and for who approves tools", async () => {
    const result = { tools: [{ name: "read_file", description: KEY }] };
    expect((await ask({ guardrails: [secrets()], changes: { message: LIST_TOOLS }, result })).status).toBe(200);
  });

  it.each([
    ["no JSON", "secret"],
    ["a member twice", `{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":"${KEY}"}}`],
    ["no message", `["${KEY}"]`],
  ])("is withheld when it cannot be read: %s", async (_what, body) => {
    const answer = () => new Response(body, { headers: { "content-type": "application/json" } });
    const { status, gateway } = await ask({ guardrails: [secrets()], answer });
    expect([status, reasonsOf(gateway)]).toEqual([502, ["upstream_answer_malformed"]]);
  });
});

describe("what a server answers event by event", () => {
  const event = (message: object): string => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  const progress = (message: string): string => event({ method: "notifications/progress", params: { message } });
  const result = (text: string): string => event({ id: 1, result: { content: [{ type: "text", text }] } });

  it("goes on without a secret, and its record is written when it has ended, with all that was found", async () => {
    const { text, outcomes } = await ask({
      guardrails: [secrets({ action: "redact" })],
      answer: () => new Response(`: hi\n\n${progress(KEY)}${result(`${KEY} ${KEY}`)}`, EVENTS),
    });
    const taken = "[redacted aws_access_key]";
    expect(text).toBe(`: hi\n\n${progress(taken)}${result(`${taken} ${taken}`)}`);
    expect(outcomes).toEqual([
      [outcome("no-secrets", "before", "passed", 0), outcome("no-secrets", "after", "redacted", 3)],
    ]);
  });

  it("ends with an error where it is to be withheld", async () => {
    const { text, gateway } = await ask({
      guardrails: [secrets()],
      answer: () => new Response(`${progress("half")}${result(KEY)}${progress("more")}`, EVENTS),
    });
    const error = { code: 403, message: "A guardrail of this server withholds the answer." };
    expect(text).toBe(`${progress("half")}${event({ id: 1, error })}`);
    expect(gateway.events).toMatchObject([{ decision: "refused", reason: "guardrail_withheld" }]);
  });

  it("has a size as a whole, however small its events are", async () => {
    const size = [{ name: "small", type: "size", result_bytes: 250 }];
    const { text, gateway } = await ask({
      guardrails: size,
      answer: () => new Response(progress("a").repeat(3) + result("b"), EVENTS),
    });
    expect(text.startsWith(progress("a").repeat(3))).toBe(true);
    expect([text.includes('"b"'), reasonsOf(gateway)]).toEqual([false, ["guardrail_withheld"]]);
  });

  it("is recorded when nobody listens to its end", async () => {
    const open = () =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode(progress("a"))) }), EVENTS);
    stubUpstream(open);
    const gateway = await TestGateway.start({ resources: [{ guardrails: [secrets()] }] });
    const response = await gateway.respond();
    const reader = response?.body?.getReader();
    await reader?.read();
    expect(gateway.events).toHaveLength(0);
    await reader?.cancel();
    await expect.poll(() => gateway.events.length).toBe(1);
    expect(gateway.events[0]).toMatchObject({ decision: "granted", method: "tools/call" });
  });
});

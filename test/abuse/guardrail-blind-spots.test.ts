import { describe, expect, it } from "vitest";
import type { Members } from "../support/documents.ts";
import { type CallChanges, LIST_TOOLS, READ_FILE, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** Places of a message where nobody looks: a secret goes out by one, or comes back by one. */
const KEY = "AKIAIOSFODNN7EXAMPLE";
const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TAKEN = "[redacted aws_access_key]";
const SECRETS = { name: "no-secrets", type: "secrets" };
const EVENTS = { headers: { "content-type": "text/event-stream" } };
const ANY = {
  methods: [
    "tools/call",
    "tools/list",
    "resources/read",
    "resources/subscribe",
    "completion/complete",
    "notifications/message",
    "subscriptions/listen",
  ],
};

interface Asked {
  readonly guardrails?: readonly Members[];
  readonly changes?: CallChanges;
  readonly answer?: () => Response;
}

async function ask({ guardrails = [SECRETS], changes = {}, answer }: Asked) {
  const upstream = stubUpstream(answer ?? (() => Response.json({ jsonrpc: "2.0", id: 1, result: { content: [] } })));
  const scopes = { "files:read": { description: "Any", ...ANY } };
  const gateway = await TestGateway.start({ resources: [{ guardrails, scopes }] });
  const answered = await gateway.call(changes);
  const sent = upstream.sent.map(({ body }) => JSON.parse(body ?? "{}") as { params: Members });
  return { ...answered, sent, upstream, reasons: reasonsOf(gateway) };
}

const request = (method: string, params: Members): CallChanges => ({
  message: { jsonrpc: "2.0", id: 1, method, params },
});
const callWith = (params: Members): CallChanges => request("tools/call", { name: "read_file", ...params });
const completion = (params: Members): CallChanges =>
  request("completion/complete", { ref: { type: "ref/prompt", name: "p" }, ...params });

describe("a secret does not go out", () => {
  it.each<[string, CallChanges]>([
    ["in a URI", request("resources/read", { uri: `file:///${KEY}` })],
    ["in a URI to follow", request("resources/subscribe", { uri: `file:///?k=${KEY}` })],
    ["in URIs to follow", request("subscriptions/listen", { notifications: { resourceSubscriptions: [`a:${KEY}`] } })],
    ["in what a completion knows", completion({ argument: {}, context: { arguments: { a: KEY } } })],
    ["in what is to be completed, as a text", completion({ argument: KEY })],
    ["in the name of a prompt to complete", completion({ ref: { type: "ref/prompt", name: KEY }, argument: {} })],
    ["in _meta", callWith({ _meta: { "example.com/note": KEY } })],
    ["in answers to a server's questions that are no object", callWith({ inputResponses: [KEY] })],
    ["in a member that nobody knows", callWith({ note: KEY })],
    ["in a _meta that is no object", callWith({ _meta: KEY })],
    ["as a state that is no text", callWith({ requestState: { a: KEY } })],
    ["as a progress token that is none", callWith({ _meta: { progressToken: [KEY] } })],
    ["as a trace that is none", callWith({ _meta: { traceparent: KEY } })],
    ["behind what is known of a trace", callWith({ _meta: { traceparent: `${TRACE}-${KEY}` } })],
    ["as the state of a trace that is none", callWith({ _meta: { tracestate: KEY } })],
    ["in many states of a trace", callWith({ _meta: { tracestate: `${"a=b,".repeat(32)}a=${KEY}` } })],
    [
      "in too long a state of a trace",
      callWith({ _meta: { tracestate: `${`a=${"b".repeat(200)},`.repeat(3)}a=${KEY}` } }),
    ],
    ["as the cursor of what has no pages", callWith({ cursor: KEY })],
    ["as the task of a tool", callWith({ taskId: KEY })],
    ["as the request that a tool is about", callWith({ requestId: KEY })],
    ["as a progress token where there is none", callWith({ progressToken: KEY })],
    ["beside the request for a list", request("tools/list", { x: KEY })],
    ["as a cursor that is no text", request("tools/list", { cursor: [KEY] })],
    ["in a header of the request for a list", { message: LIST_TOOLS, headers: { "mcp-param-x": KEY } }],
    [
      "in what a client says of itself",
      request("initialize", { protocolVersion: "2025-11-25", clientInfo: { name: KEY } }),
    ],
    ["in an answer that is no object", { message: { jsonrpc: "2.0", id: 7, result: KEY } }],
    ["in an error that is no object", { message: { jsonrpc: "2.0", id: 7, error: [KEY] } }],
    [
      "in a notification",
      { message: { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, message: KEY } } },
    ],
    [
      "in a notification, beside what it knows",
      { message: { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1, reason: KEY } } },
    ],
  ])("%s", async (_where, changes) => {
    const { status, upstream, reasons } = await ask({ changes });
    expect([status, reasons, upstream.sent]).toEqual([403, ["guardrail_blocked"], []]);
  });

  it("but is taken out of it, wherever something can be taken out", async () => {
    const guardrails = [{ ...SECRETS, action: "redact" }];
    const _meta = { progressToken: KEY, "example.com/note": KEY };
    const { sent } = await ask({ guardrails, changes: callWith({ arguments: {}, note: KEY, _meta }) });
    expect(sent[0]?.params).toEqual({
      name: "read_file",
      arguments: {},
      note: TAKEN,
      _meta: { progressToken: KEY, "example.com/note": TAKEN },
    });
    const uri = await ask({ guardrails, changes: request("resources/read", { uri: `file:///${KEY}` }) });
    expect([uri.status, uri.upstream.sent]).toEqual([403, []]);
  });

  it("but what is a handle, where there is one, goes as it is", async () => {
    const _meta = { progressToken: KEY, traceparent: TRACE, tracestate: "rojo=00f067aa0ba902b7, a@b=c d" };
    for (const changes of [
      callWith({ arguments: {}, requestState: KEY, _meta }),
      request("tools/list", { cursor: KEY }),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
      const { status, sent } = await ask({ changes });
      expect([status, JSON.stringify(sent).includes(KEY)]).toEqual([200, true]);
    }
  });

  it.each(["Argument", "InputResponses", "argument\u017F"])("in %s, to a server that folds case", async (member) => {
    expect((await ask({ changes: callWith({ [member]: { a: KEY } }) })).status).toBe(400);
  });

  it("past a size: what stands beside arguments and in headers has one too", async () => {
    const guardrails = [{ name: "small", type: "size", arguments_bytes: 60 }];
    expect((await ask({ guardrails, changes: callWith({ arguments: {} }) })).status).toBe(200);
    expect((await ask({ guardrails, changes: callWith({ note: "x".repeat(60) }) })).status).toBe(403);
    const header = { ...callWith({ arguments: {} }), headers: { "mcp-param-note": "x".repeat(60) } };
    expect((await ask({ guardrails, changes: header })).status).toBe(403);
  });
});

describe("a secret does not come back", () => {
  const event = (message: object): string => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  const log = event({ method: "notifications/message", params: { level: "info", data: `key ${KEY}` } });
  const list = event({ id: 1, result: { tools: [{ name: "read_file", description: KEY }] } });

  it("beside a list, in the stream that brings it", async () => {
    const { text, reasons } = await ask({
      changes: { message: LIST_TOOLS },
      answer: () => new Response(`${log}${list}`, EVENTS),
    });
    expect([text.includes(KEY), reasons]).toEqual([false, ["guardrail_withheld"]]);
  });

  it("beside a list, where it is taken out, and the list comes as it is", async () => {
    const { text } = await ask({
      guardrails: [{ ...SECRETS, action: "redact" }],
      changes: { message: LIST_TOOLS },
      answer: () => new Response(`${log}${list}`, EVENTS),
    });
    expect(text).toBe(`${log.replace(KEY, TAKEN)}${list}`);
  });

  it("as the result of another request than the one for a list", async () => {
    const { text } = await ask({
      changes: { message: LIST_TOOLS },
      answer: () => new Response(list.replace('"id":1', '"id":2'), EVENTS),
    });
    expect(text).not.toContain(KEY);
  });

  it("in the error that is the answer to a request for a list", async () => {
    const error = { jsonrpc: "2.0", id: 1, error: { code: -1, message: KEY } };
    const { status } = await ask({ changes: { message: LIST_TOOLS }, answer: () => Response.json(error) });
    expect(status).toBe(403);
  });
});

describe("content of a kind that nobody listed does not come back", () => {
  const kinds = [{ name: "kinds", type: "content", types: ["text", "image"], media_types: ["image/png", "text/*"] }];
  const shown = {
    content: [
      { type: "text", text: "a" },
      { type: "image", mimeType: "image/png", data: "" },
    ],
  };

  async function statusOf(result: unknown, guardrails: readonly Members[] = kinds, more: Members = {}) {
    const answer = () => Response.json({ jsonrpc: "2.0", id: 1, result, ...more });
    return (await ask({ guardrails, answer, changes: { message: READ_FILE } })).status;
  }

  it.each<[string, unknown]>([
    ["without a type", { content: [{ text: "a" }] }],
    ["with a type that is no text", { content: [{ type: ["text"], text: "a" }] }],
    ["that is no part", { content: ["a"] }],
    ["that is no list", { content: { type: "audio", mimeType: "text/plain" } }],
    ["that is structured", { ...shown, structuredContent: { a: 1 } }],
    ["of bytes that are of no kind", { content: [{ type: "image", data: "AAAA" }] }],
    ["of bytes that are of no kind, in a resource", { contents: [{ uri: "a:b", blob: "AAAA" }] }],
    ["with a media type that is no text", { contents: [{ uri: "a:b", text: "a", mimeType: 1 }] }],
    ["embedded without a media type", { content: [{ type: "text", text: "", resource: { blob: "AAAA" } }] }],
    ["in a message", { messages: [{ role: "user", content: { text: "a" } }] }],
    ["within the answer of a tool", { content: [{ type: "text", text: "", content: [{ type: "audio" }] }] }],
    [
      "in a question to a model",
      {
        inputRequests: {
          a: { method: "sampling/createMessage", params: { messages: [{ content: { type: "audio" } }] } },
        },
      },
    ],
  ])("%s", async (_what, result) => {
    expect(await statusOf(result)).toBe(403);
  });

  it("but what is listed does", async () => {
    expect(await statusOf(shown)).toBe(200);
    expect(await statusOf({ contents: [{ uri: "a:b", text: "a" }] })).toBe(200);
    expect(await statusOf({ messages: [{ content: { type: "text", text: "a" } }] })).toBe(200);
    const structured = [{ name: "kinds", type: "content", types: ["text", "structured"] }];
    expect(await statusOf({ ...shown, content: [], structuredContent: {} }, structured)).toBe(200);
    const media = [{ name: "kinds", type: "content", media_types: ["text/*"] }];
    expect(await statusOf({ content: [], structuredContent: {} }, media)).toBe(403);
  });

  it.each(["Content", "STRUCTUREDCONTENT", "content\u017F"])("as %s, to a client that folds case", async (member) => {
    expect(await statusOf({ [member]: [{ type: "audio" }] })).toBe(502);
  });

  it("as Result, to a client that folds case", async () => {
    expect(await statusOf({ content: [] }, kinds, { Result: { content: [{ type: "audio" }] } })).toBe(502);
  });
});

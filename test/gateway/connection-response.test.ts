import { describe, expect, it } from "vitest";
import { type Disconnected, respondDisconnected, withoutOurAnswer } from "../../src/gateway/connection-response.ts";
import { type Message, parseMessage } from "../../src/gateway/message.ts";
import type { Members } from "../support/documents.ts";

const URL_ = "https://crossgate.example/connect?link=sealed";
const REQUIRED: Disconnected = { reason: "connection_required", url: URL_ };
const OPENS_URLS = { elicitation: { url: {} } };
const KEY = "crossgate/connect";

function message(method: string, params: Members = {}): Message {
  return parseMessage(new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", id: 7, method, params })));
}

function modern(method: string, capabilities: Members, params: Members = {}): Message {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  return message(method, { ...params, _meta: meta });
}

async function answer(asked: Message, { sessionTakesUrls = false, reason = REQUIRED.reason } = {}): Promise<Members> {
  const response = respondDisconnected(
    { headers: new Headers(), message: asked, sessionTakesUrls },
    { reason, url: URL_ },
  );
  expect(response.status).toBe(200);
  const body = (await response.json()) as Members;
  expect(body["id"]).toBe(7);
  return body;
}

const TOOL = { name: "echo", arguments: {} };

describe("a client of 2026-07-28 that opens addresses", () => {
  it.each([
    ["tools/call", TOOL],
    ["prompts/get", { name: "greet" }],
    ["resources/read", { uri: "file:///a" }],
  ])("is asked to, by %s, in the result of its request [MCPT-40]", async (method, params) => {
    const { result, error } = await answer(modern(method, OPENS_URLS, params));
    expect(error).toBeUndefined();
    expect(result).toEqual({
      resultType: "input_required",
      inputRequests: {
        [KEY]: { method: "elicitation/create", params: { mode: "url", message: expect.any(String), url: URL_ } },
      },
    });
  });

  it("is handed back a state that is the upstream's", async () => {
    const { result } = await answer(modern("tools/call", OPENS_URLS, { ...TOOL, requestState: "theirs" }));
    expect(result).toMatchObject({ requestState: "theirs" });
  });

  it("is asked once: it answers when its user sets out, and not when he is back", async () => {
    const inputResponses = { [KEY]: { action: "accept" } };
    const { result } = await answer(modern("tools/call", OPENS_URLS, { ...TOOL, inputResponses }));
    expect(result).toMatchObject({ resultType: "complete", isError: true });
  });

  it("is never sent the code that its revision forbids, nor a question where none may be", async () => {
    const { result, error } = await answer(modern("tools/list", OPENS_URLS), { sessionTakesUrls: true });
    expect(result).toBeUndefined();
    expect(error).toEqual({
      code: 403,
      message: expect.any(String),
      data: { reason: "connection_required", url: URL_ },
    });
  });
});

describe("a client of 2026-07-28 that does not", () => {
  it.each<[string, Members]>([
    ["says nothing of it", {}],
    ["takes forms only", { elicitation: { form: {} } }],
    ["takes forms only, as before there were addresses", { elicitation: {} }],
    ["says it in no known way", { elicitation: { url: true } }],
  ])("and %s has the address in the tool's result", async (_, capabilities) => {
    const { result } = await answer(modern("tools/call", capabilities, TOOL));
    expect(result).toEqual({
      resultType: "complete",
      isError: true,
      content: [{ type: "text", text: expect.stringContaining(URL_) }],
    });
  });
});

describe("a client of the era of sessions", () => {
  it("is told by error -32042 where it said in initialize that it opens addresses", async () => {
    for (const [asked, sessionTakesUrls] of [
      [message("tools/call", TOOL), true],
      [message("tools/list"), true],
      [message("initialize", { protocolVersion: "2025-11-25", capabilities: OPENS_URLS }), false],
    ] as const) {
      const { error } = await answer(asked, { sessionTakesUrls });
      expect(error).toEqual({
        code: -32_042,
        message: expect.any(String),
        data: {
          elicitations: [{ mode: "url", elicitationId: expect.any(String), url: URL_, message: expect.any(String) }],
        },
      });
    }
  });

  it("has the address in the tool's result otherwise, and in an error where there is no tool", async () => {
    const { result } = await answer(message("tools/call", TOOL), { reason: "connection_lost" });
    expect(result).toEqual({
      isError: true,
      content: [{ type: "text", text: expect.stringMatching(/^The connection .* lost.*https:/) }],
    });
    const { error } = await answer(message("initialize", { capabilities: { elicitation: {} } }));
    expect(error).toMatchObject({ code: 403, data: { url: URL_ } });
  });
});

describe("the answer to our own question", () => {
  it("does not go upstream", () => {
    const others = { theirs: { action: "accept" } };
    const both = withoutOurAnswer(
      modern("tools/call", OPENS_URLS, { ...TOOL, inputResponses: { [KEY]: {}, ...others } }),
    );
    expect(JSON.parse(both.text).params.inputResponses).toEqual(others);
    const alone = withoutOurAnswer(modern("tools/call", OPENS_URLS, { ...TOOL, inputResponses: { [KEY]: {} } }));
    expect(JSON.parse(alone.text).params).not.toHaveProperty("inputResponses");
    expect(JSON.parse(alone.text)).toMatchObject({ jsonrpc: "2.0", id: 7, method: "tools/call" });
  });

  it("leaves a message without one as it is", () => {
    const asked = message("tools/call", { ...TOOL, inputResponses: { theirs: {} } });
    expect(withoutOurAnswer(asked)).toBe(asked);
  });
});

import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { denyRule, type Members, permitRule } from "../support/documents.ts";
import { type CallChanges, LIST_TOOLS, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

const PERMIT = permitRule({ scopes: "any" });
const rules = [PERMIT, denyRule({ calls: { tools: ["write_*"] } })];
const LISTED = {
  jsonrpc: "2.0",
  id: 1,
  result: { tools: [{ name: "read_file" }, { name: "write_file" }], nextCursor: "2" },
};
const FILTERED = { ...LISTED, result: { tools: [{ name: "read_file" }], nextCursor: "2" } };
const JSON_TYPE = { "content-type": "application/json" };
const EVENTS = { "content-type": "text/event-stream" };

async function ask(
  answer: () => Response,
  changes: CallChanges = { message: LIST_TOOLS },
  given: readonly Members[] = rules,
) {
  stubUpstream(answer);
  const gateway = await TestGateway.start({ rules: given });
  return { gateway, ...(await gateway.call(changes)) };
}

describe("what the caller may not use", () => {
  it("is not in a list that comes as one message, and is refused when called [GW-06, MCPT-53]", async () => {
    const { gateway, text } = await ask(() => Response.json(LISTED));
    expect(JSON.parse(text)).toEqual(FILTERED);
    const message = { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "write_file" } };
    expect((await gateway.call({ message })).status).toBe(403);
    expect(reasonsOf(gateway)).toEqual([null, "call_denied"]);
  });

  it("is not in one that comes as an event among others", async () => {
    const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}';
    const stream = `: hi\n\ndata: ${progress}\n\nid: 7\nevent: message\ndata: ${JSON.stringify(LISTED)}\n\n`;
    const { text } = await ask(() => new Response(stream, { headers: EVENTS }));
    expect(text).toBe(`: hi\n\ndata: ${progress}\n\nid: 7\nevent: message\ndata: ${JSON.stringify(FILTERED)}\n\n`);
  });

  it("is not in one whose members are spelled with escapes", async () => {
    const spelled = JSON.stringify(LISTED).replace('"result"', '"r\\u0065sult"').replace('"tools"', '"\\u0074ools"');
    const { text } = await ask(() => new Response(`data: ${spelled}\n\n`, { headers: EVENTS }));
    expect(text).not.toContain("write_file");
    expect((await ask(() => new Response(spelled, { headers: JSON_TYPE }))).text).not.toContain("write_file");
  });

  it("is left out of the first event behind the one byte order mark that a stream may begin with", async () => {
    const stream = `\uFEFFid: 7\ndata: ${JSON.stringify(LISTED)}\n\n`;
    const { text } = await ask(() => new Response(stream, { headers: EVENTS }));
    expect(text).toBe(`id: 7\ndata: ${JSON.stringify(FILTERED)}\n\n`);
  });

  it("is not in one that a stream brings again after it broke", async () => {
    const stream = `id: 7\ndata: ${JSON.stringify(LISTED)}\n\n`;
    const { text } = await ask(() => new Response(stream, { headers: EVENTS }), {
      method: "GET",
      headers: { "last-event-id": "6" },
    });
    expect(text).toBe(`id: 7\ndata: ${JSON.stringify(FILTERED)}\n\n`);
  });
});

describe("a list that cannot be filtered", () => {
  it.each([
    ["is no JSON", () => new Response("tools", { headers: JSON_TYPE })],
    ["is several messages", () => Response.json([LISTED])],
    ["is not a list", () => Response.json({ jsonrpc: "2.0", id: 1, result: { tools: "all" } })],
    ["is too long", () => new Response(" ".repeat(LIMITS.listResultBytes + 1), { headers: JSON_TYPE })],
    ["is no text", () => new Response(new Uint8Array([0x22, 0xff, 0x22]), { headers: JSON_TYPE })],
  ])("because it %s is kept back", async (_name, answer) => {
    const { status, errorCode, gateway } = await ask(answer);
    expect([status, errorCode, reasonsOf(gateway)]).toEqual([502, 502, ["upstream_list_malformed"]]);
  });

  it("ends the stream that it came in", async () => {
    const bad = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: 7 } });
    const { text } = await ask(() => new Response(`data: {}\n\ndata: ${bad}\n\ndata: {}\n\n`, { headers: EVENTS }));
    expect(text).toBe("data: {}\n\n");
  });
});

it("an error instead of a list is the server's own", async () => {
  const error = { jsonrpc: "2.0", id: 1, error: { code: -32_602, message: "bad cursor" } };
  const { status, text } = await ask(() => Response.json(error, { status: 400 }));
  expect([status, JSON.parse(text)]).toEqual([400, error]);
});

it("what is no list passes unread, however it looks", async () => {
  const body = `{"jsonrpc" : "2.0", "id":1,"result":{"tools":[{"name":"write_file"}]}}`;
  expect((await ask(() => new Response(body, { headers: JSON_TYPE }), {})).text).toBe(body);
});

it("a token that tells too little for a list is asked for anew, rather than shown half of it", async () => {
  const upstream = stubUpstream();
  const gateway = await TestGateway.start({
    rules: [PERMIT, denyRule({ groups: ["x"], calls: { tools: ["write_*"] } })],
  });
  expect((await gateway.call({ message: LIST_TOOLS })).status).toBe(401);
  expect([reasonsOf(gateway), upstream.sent]).toEqual([["token_outdated"], []]);
});

import { describe, expect, it } from "vitest";
import { type Message, readMessage } from "../../src/gateway/message.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { LIMITS } from "../../src/limits.ts";

async function read(body: BodyInit, contentType: string | null = "application/json"): Promise<Message> {
  const headers = new Headers(contentType === null ? {} : { "content-type": contentType });
  const request = new Request("https://crossgate.example/mcp/files", { method: "POST", headers, body });
  // Bodies bring a media type of their own where none is set.
  if (contentType === null) request.headers.delete("content-type");
  return readMessage(request);
}

async function verdictOn(body: BodyInit, contentType?: string | null): Promise<string> {
  try {
    await read(body, contentType);
    return "accepted";
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

const call = (params: unknown, more: object = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params, ...more });

describe("what a message says [MCPT-03]", () => {
  const VERSION = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
  const rows: readonly [name: string, message: object, expected: Partial<Message>][] = [
    ["a request", { id: 7, method: "tools/list" }, { kind: "request", id: 7, method: "tools/list", target: null }],
    ["a request by a text", { id: "a", method: "ping" }, { kind: "request", id: "a" }],
    ["a notification", { method: "notifications/initialized" }, { kind: "notification", id: null }],
    ["a result", { id: 3, result: {} }, { kind: "response", id: 3, method: "", target: null }],
    ["an error", { id: 3, error: { code: 1, message: "no" } }, { kind: "response", method: "" }],
    ["a tool", { id: 1, method: "tools/call", params: { name: "echo" } }, { target: "echo" }],
    ["a prompt", { id: 1, method: "prompts/get", params: { name: "greet" } }, { target: "greet" }],
    ["a resource", { id: 1, method: "resources/read", params: { uri: "file:///é ü" } }, { target: "file:///é ü" }],
    ["a subscription", { id: 1, method: "resources/subscribe", params: { uri: "a:b" } }, { target: "a:b" }],
    ["a task", { id: 1, method: "tasks/get", params: { taskId: "t-1" } }, { target: "t-1" }],
    ["a version", { id: 1, method: "ping", params: VERSION }, { protocolVersion: "2026-07-28" }],
    ["a name where none counts", { id: 1, method: "tools/list", params: { name: "x" } }, { target: null }],
  ];

  it.each(rows)("%s", async (_name, members, expected) => {
    expect(await read(JSON.stringify({ jsonrpc: "2.0", ...members }))).toMatchObject(expected);
  });

  it("is written anew: white space, escapes and the spelling of numbers do not survive", async () => {
    const spelled = ' {"jsonrpc" : "2.0",\n"id":1e0, "method":"tools\\/call","params":{"n\\u0061me":"ech\\u006f"}} ';
    const { text } = await read(spelled);
    expect(text).toBe('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}');
  });
});

describe("messages that two parsers could read differently", () => {
  const deep = `${"[".repeat(LIMITS.messageDepth)}${"]".repeat(LIMITS.messageDepth)}`;
  const rows: readonly [name: string, body: string][] = [
    ["nothing", ""],
    ["a batch", `[${call({ name: "echo" })}]`],
    ["an empty batch", "[]"],
    ["a text", '"tools/call"'],
    ["null", "null"],
    ["trailing data", `${call({ name: "echo" })}{}`],
    ["trailing text", `${call({ name: "echo" })}x`],
    ["a byte order mark", `\uFEFF${call({ name: "echo" })}`],
    ["a comment", `/**/${call({ name: "echo" })}`],
    ["a trailing comma", '{"jsonrpc":"2.0","id":1,"method":"ping",}'],
    ["single quotes", "{'jsonrpc':'2.0','id':1,'method':'ping'}"],
    ["NaN", '{"jsonrpc":"2.0","id":NaN,"method":"ping"}'],
    ["a bad escape in a value", '{"jsonrpc":"2.0","id":1,"method":"\\ping"}'],
    ["a bad escape in a name", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\\q":1}}'],
    ["a short escape in a name", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\\u12":1}}'],
    ["two methods", '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}'],
    ["two methods, one escaped", '{"jsonrpc":"2.0","id":1,"method":"ping","meth\\u006fd":"tools/call"}'],
    ["two names", call({}).replace('"params":{}', '"params":{"name":"a","name":"b"}')],
    ["two members deep within", call({ name: "a", arguments: 0 }).replace("0}", '{"x":{"y":1,"y":2}}}')],
    ["Method beside method", '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}'],
    ["Method alone", '{"jsonrpc":"2.0","id":1,"Method":"tools/call"}'],
    ["Name beside name", call({ name: "echo", Name: "delete" })],
    ["Amount beside amount, in arguments", call({ name: "pay", arguments: { amount: 1, Amount: 2 } })],
    ["Amount beside amount, further down", call({ name: "pay", arguments: { to: [{ amount: 1, Amount: 2 }] } })],
    ["__proto__ in arguments", call({ name: "pay", arguments: { ["__proto__"]: { amount: 1 } } })],
    ["Notifications", call({ Notifications: {} })],
    ["NAME alone, where a name counts", call({ NAME: "delete" })],
    ["Cursor beside cursor", call({ name: "echo", cursor: "a", Cursor: "b" })],
    ["Uri beside name", call({ name: "echo", Uri: "file:///" })],
    ["Arguments alone", call({ name: "echo", Arguments: {} })],
    ["arguments with a long s", call({ name: "echo", arguments: {}, "argument\u017F": {} })],
    [
      "taſkId",
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { taskId: "a", "ta\u017FkId": "b" } }),
    ],
    ["taskId with the Kelvin sign", call({ name: "echo", "tas\u212AId": "b" })],
    ["_Meta alone", call({ name: "echo", _Meta: {} })],
    ["an unknown member of the envelope", call({ name: "echo" }, { auth: "x" })],
    ["__proto__ in the envelope", '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{"method":"tools/call"}}'],
    ["another JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ["JSON-RPC as a number", '{"jsonrpc":2.0,"id":1,"method":"ping"}'],
    ["no JSON-RPC", '{"id":1,"method":"ping"}'],
    ["a null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ["an object for an id", '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ["a boolean for an id", '{"jsonrpc":"2.0","id":true,"method":"ping"}'],
    ["an id that no double holds", '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ["a huge number", call({ name: "echo", arguments: { n: 0 } }).replace("0}", "1e400}")],
    ["a number too small for a double", call({ name: "echo", arguments: { n: 0 } }).replace("0}", "1e-400}")],
    ["a nought below nought", call({ name: "echo", arguments: { n: 0 } }).replace("0}", "-0}")],
    [
      "a fraction that a double rounds",
      call({ name: "echo", arguments: { n: 0 } }).replace("0}", "4503599627370497.7}"),
    ],
    ["an integer out of range", call({ name: "echo", arguments: { n: 0 } }).replace("0}", "12345678901234567890}")],
    ["too deep", call({ name: "echo", arguments: { a: "@" } }).replace('"@"', deep)],
    [
      "too many members",
      call({ name: "echo", arguments: { a: Array.from({ length: LIMITS.messageMembers }, () => 0) } }),
    ],
    ["a method that is no text", '{"jsonrpc":"2.0","id":1,"method":["ping"]}'],
    ["a null method", '{"jsonrpc":"2.0","id":1,"method":null}'],
    ["an empty method", '{"jsonrpc":"2.0","id":1,"method":""}'],
    ["a method with a space", '{"jsonrpc":"2.0","id":1,"method":"ping "}'],
    ["a method with a NUL", '{"jsonrpc":"2.0","id":1,"method":"ping\\u0000"}'],
    ["a method beyond ASCII", '{"jsonrpc":"2.0","id":1,"method":"p\u0131ng"}'],
    ["a method without end", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "a".repeat(LIMITS.identifierBytes + 1) })],
    ["a request that is an answer too", '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
    ["an answer with both outcomes", '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'],
    ["an answer with parameters", '{"jsonrpc":"2.0","id":1,"result":{},"params":{}}'],
    ["an answer to nothing", '{"jsonrpc":"2.0","result":{}}'],
    ["an envelope with nothing in it", '{"jsonrpc":"2.0","id":1}'],
    ["a list of parameters", '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}'],
    ["null parameters", '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}'],
    ["a tool without a name", call({})],
    ["a tool with an empty name", call({ name: "" })],
    ["a tool whose name is no text", call({ name: ["echo"] })],
    ["a tool with a space after its name", call({ name: "echo " })],
    ["a tool in Cyrillic clothes", call({ name: "\u0435cho" })],
    ["a tool with a name without end", call({ name: "a".repeat(LIMITS.identifierBytes + 1) })],
    [
      "a resource with half a surrogate",
      '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"\\ud800"}}',
    ],
    [
      "a resource without end",
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "resources/read",
        params: { uri: "a".repeat(LIMITS.urlBytes + 1) },
      }),
    ],
  ];

  it.each(rows)("%s", async (_name, body) => {
    expect(await verdictOn(body)).toBe("message_malformed");
  });

  it.each([
    ["invalid UTF-8", [0xff]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["half a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
  ])("%s", async (_name, bytes) => {
    const [before, after] = call({ name: "echo", arguments: { text: "@" } }).split("@");
    const encoder = new TextEncoder();
    const body = new Uint8Array([...encoder.encode(before), ...bytes, ...encoder.encode(after)]);
    expect(await verdictOn(body)).toBe("message_malformed");
  });

  it("accepts what is just within the bounds", async () => {
    // Envelope, params and arguments are three levels of their own.
    const inner = LIMITS.messageDepth - 3;
    const body = call({ name: "echo", arguments: { a: "@" } }).replace(
      '"@"',
      `${"[".repeat(inner)}${"]".repeat(inner)}`,
    );
    expect(await verdictOn(body)).toBe("accepted");
    expect(await verdictOn(call({ name: "a".repeat(LIMITS.identifierBytes) }))).toBe("accepted");
  });

  it("passes on what a server gave its client to bring back, unchanged [MCPT-41]", async () => {
    const requestState = 'eyJ4IjoiXHUwMGU5In0=.\u00e9 "quoted" 😀';
    const body = call({ name: "echo", requestState, inputResponses: { one: { action: "accept" } } });
    const { text } = await read(body);
    expect(JSON.parse(text)).toEqual(JSON.parse(body));
  });

  it.each(["Argument", "argument\u017F", "InputResponses", "RequestState", "Cursor", "Context", "Uri", "_Meta"])(
    "refuses a lone %s, which is a member that we know to a reader that folds case",
    async (member) => {
      expect(await verdictOn(call({ name: "echo", [member]: {} }))).toBe("message_malformed");
    },
  );

  it("leaves other members of params to the server, case and all", async () => {
    expect(await verdictOn(call({ name: "echo", Filter: "a", requestState: "b" }))).toBe("accepted");
    expect(await verdictOn(call({ name: "echo", arguments: { Name: "a", a: { name: "b" } } }))).toBe("accepted");
  });
});

describe("the size of a message [GW-10]", () => {
  const sized = (bytes: number, character: string): string => {
    const rest = call({ name: "echo", arguments: { text: "" } }).length;
    return call({ name: "echo", arguments: { text: character.repeat(bytes - rest) } });
  };

  it("up to the bound, in one long text", async () => {
    expect(await verdictOn(sized(LIMITS.gatewayBodyBytes, "a"))).toBe("accepted");
  });

  it("not a byte more", async () => {
    expect(await verdictOn(sized(LIMITS.gatewayBodyBytes + 1, "a"))).toBe("message_too_large");
  });

  it("the rest of an endless body is never read", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    expect(await verdictOn(endless)).toBe("message_too_large");
    expect(pulled).toBeLessThan(16);
  });

  it("a body that breaks off", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new TypeError("gone"));
      },
    });
    expect(await verdictOn(broken)).toBe("message_malformed");
  });
});

describe("the media type", () => {
  it.each([
    ["application/json", "accepted"],
    ["Application/JSON; charset=UTF-8", "accepted"],
    ['application/json;charset="utf-8"', "accepted"],
    ["application/json; charset=utf-16", "message_media_type"],
    ["application/json; charset=utf-7", "message_media_type"],
    ["application/json, text/plain", "message_media_type"],
    ["application/json-patch+json", "message_media_type"],
    ["text/plain", "message_media_type"],
    ["application/x-www-form-urlencoded", "message_media_type"],
    [null, "message_media_type"],
  ])("%s", async (contentType, verdict) => {
    expect(await verdictOn(call({ name: "echo" }), contentType)).toBe(verdict);
  });
});

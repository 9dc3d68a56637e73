import { describe, expect, it } from "vitest";
import { type CallChanges, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I03: an intermediary routes, limits or logs by the headers, a server acts by the body. Where the two disagree, one of
 * them has been lied to. Every operation that names something, times every way to disagree.
 */
const VERSION = "2026-07-28";
const OPERATIONS = [
  { method: "tools/call", member: "name", target: "read_file", recorded: "read_file" },
  { method: "prompts/get", member: "name", target: "summary", recorded: "summary" },
  { method: "resources/read", member: "uri", target: "file:///notes/caf\u00e9", recorded: "file:///notes/caf%C3%A9" },
  { method: "tasks/get", member: "taskId", target: "task-1", recorded: "(not recorded)" },
  { method: "tasks/cancel", member: "taskId", target: "=?base64?dGFzaw==?=", recorded: "(not recorded)" },
] as const;
type Operation = (typeof OPERATIONS)[number];

const base64 = (text: string): string => `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
const isPlain = (text: string): boolean => /^[\x21-\x7e]+$/.test(text) && !text.startsWith("=?base64?");

interface Headers {
  readonly "mcp-protocol-version"?: string;
  readonly "mcp-method"?: string;
  readonly "mcp-name"?: string;
}

const honest = ({ method, target }: Operation): Headers => ({
  "mcp-protocol-version": VERSION,
  "mcp-method": method,
  "mcp-name": isPlain(target) ? target : base64(target),
});

const without = (name: keyof Headers, headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([present]) => present !== name));

const LIES: readonly [name: string, lie: (operation: Operation) => Headers][] = [
  ["another name", (operation) => ({ ...honest(operation), "mcp-name": "write_file" })],
  ["another name, encoded", (operation) => ({ ...honest(operation), "mcp-name": base64("write_file") })],
  [
    "the name and another",
    (operation) => ({ ...honest(operation), "mcp-name": `${honest(operation)["mcp-name"]}, write_file` }),
  ],
  [
    "the name in the wrong case",
    (operation) => ({ ...honest(operation), "mcp-name": base64(operation.target.toUpperCase()) }),
  ],
  ["the name encoded twice", (operation) => ({ ...honest(operation), "mcp-name": base64(base64(operation.target)) })],
  ["no name", (operation) => without("mcp-name", honest(operation))],
  ["another method", (operation) => ({ ...honest(operation), "mcp-method": "tools/list" })],
  [
    "the method in the wrong case",
    (operation) => ({ ...honest(operation), "mcp-method": operation.method.toUpperCase() }),
  ],
  ["no method", (operation) => without("mcp-method", honest(operation))],
  ["an older version", (operation) => ({ ...honest(operation), "mcp-protocol-version": "2025-11-25" })],
  ["no version", (operation) => without("mcp-protocol-version", honest(operation))],
];

const ROWS = OPERATIONS.flatMap((operation) =>
  LIES.map(([name, lie]) => ({ operation, name, headers: lie(operation) })),
);

function callWith({ method, member, target }: Operation, headers: Headers): CallChanges {
  const params = { [member]: target, _meta: { "io.modelcontextprotocol/protocolVersion": VERSION } };
  return { message: { jsonrpc: "2.0", id: "m", method, params }, headers: { ...headers } };
}

function startGateway(): Promise<TestGateway> {
  const everything = { description: "All of it", methods: OPERATIONS.map(({ method }) => method) };
  return TestGateway.start({ resources: [{ scopes: { "files:read": everything } }] });
}

it("covers at least fifty ways", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(50);
});

describe("headers that disagree with the body [MCPT-11]", () => {
  it.each(ROWS)("$operation.method with $name", async ({ operation, headers }) => {
    const upstream = stubUpstream();
    const gateway = await startGateway();
    const answered = await gateway.call(callWith(operation, headers));
    expect([answered.status, answered.errorCode, upstream.sent]).toEqual([400, -32_020, []]);
    expect(JSON.parse(answered.text)).toMatchObject({ jsonrpc: "2.0", id: "m" });
    expect(reasonsOf(gateway)).toEqual(["message_header_mismatch"]);
  });
});

describe("headers that agree", () => {
  it.each(OPERATIONS)("$method reaches the upstream with them", async (operation) => {
    const upstream = stubUpstream();
    const gateway = await startGateway();
    expect((await gateway.call(callWith(operation, honest(operation)))).status).toBe(200);
    const sent = upstream.sent.map(({ headers }) => Object.fromEntries(headers));
    expect(sent).toMatchObject([honest(operation)]);
    expect(gateway.events).toMatchObject([{ method: operation.method, target: operation.recorded }]);
  });
});

import { describe, expect, it } from "vitest";
import type { Message } from "../../src/gateway/message.ts";
import { isStateless, requireAgreement } from "../../src/gateway/mirrored-headers.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { makeMessage } from "../support/caller.ts";

const STATELESS = "2026-07-28";
const SESSIONS = "2025-11-25";

function message(changes: Partial<Message> = {}): Message {
  return makeMessage({ protocolVersion: STATELESS, ...changes });
}

type HeaderChanges = Readonly<Record<string, string | undefined>>;

function headersOf(changes: HeaderChanges, ordinary: HeaderChanges): Headers {
  const present = Object.entries({ ...ordinary, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new Headers(present);
}

function verdictOn(headers: Headers, about: Message): string {
  try {
    requireAgreement(headers, about);
    return "accepted";
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

const MISMATCH = "message_header_mismatch";
const base64 = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  return `=?base64?${btoa(String.fromCharCode(...bytes))}?=`;
};

describe("a request of the stateless era [MCPT-06, MCPT-09, MCPT-10]", () => {
  const ORDINARY = { "mcp-protocol-version": STATELESS, "mcp-method": "tools/call", "mcp-name": "echo" };
  const uri = (target: string): Partial<Message> => ({ method: "resources/read", target });

  const rows: readonly [name: string, headers: HeaderChanges, changes: Partial<Message>, verdict: string][] = [
    ["all three agree", {}, {}, "accepted"],
    ["no version", { "mcp-protocol-version": undefined }, {}, MISMATCH],
    ["no method", { "mcp-method": undefined }, {}, MISMATCH],
    ["no name", { "mcp-name": undefined }, {}, MISMATCH],
    ["an older version", { "mcp-protocol-version": SESSIONS }, {}, MISMATCH],
    ["a later version", { "mcp-protocol-version": "2027-01-01" }, {}, MISMATCH],
    [
      "a later version in both",
      { "mcp-protocol-version": "2027-01-01" },
      { protocolVersion: "2027-01-01" },
      "accepted",
    ],
    [
      "a later version in both, and no method",
      { "mcp-protocol-version": "2027-01-01", "mcp-method": undefined },
      { protocolVersion: "2027-01-01" },
      MISMATCH,
    ],
    ["no version in the body", {}, { protocolVersion: null }, MISMATCH],
    ["another method", { "mcp-method": "tools/list" }, {}, MISMATCH],
    ["the method in capitals", { "mcp-method": "Tools/Call" }, {}, MISMATCH],
    ["the method twice", { "mcp-method": "tools/call, tools/call" }, {}, MISMATCH],
    ["the method in base64", { "mcp-method": base64("tools/call") }, {}, MISMATCH],
    ["another name", { "mcp-name": "delete" }, {}, MISMATCH],
    ["the name in capitals", { "mcp-name": "Echo" }, {}, MISMATCH],
    ["the name twice", { "mcp-name": "echo, echo" }, {}, MISMATCH],
    ["an empty name", { "mcp-name": "" }, {}, MISMATCH],
    ["the name in base64", { "mcp-name": base64("echo") }, {}, "accepted"],
    ["another name in base64", { "mcp-name": base64("delete") }, {}, MISMATCH],
    ["markers in capitals", { "mcp-name": base64("echo").replace("base64", "BASE64") }, {}, MISMATCH],
    ["base64url", { "mcp-name": "=?base64?_-8=?=" }, uri("\u00ff"), MISMATCH],
    ["base64 without its padding", { "mcp-name": "=?base64?YQ?=" }, uri("a"), MISMATCH],
    ["base64 with stray bits", { "mcp-name": "=?base64?YR==?=" }, uri("a"), MISMATCH],
    ["base64 with a space", { "mcp-name": "=?base64?ZWNo bw==?=" }, {}, MISMATCH],
    ["base64 of no UTF-8", { "mcp-name": "=?base64?/w==?=" }, uri("\u00ff"), MISMATCH],
    ["base64 after a byte order mark", { "mcp-name": base64("\uFEFFecho") }, {}, MISMATCH],
    ["empty base64", { "mcp-name": "=?base64??=" }, {}, MISMATCH],
    ["half a marker", { "mcp-name": "=?base64?ZWNobw==" }, {}, MISMATCH],
    ["a name that looks encoded, as it is", { "mcp-name": base64("a") }, { target: base64("a") }, MISMATCH],
    ["a name that looks encoded, encoded", { "mcp-name": base64(base64("a")) }, { target: base64("a") }, "accepted"],
    ["a URI", { "mcp-method": "resources/read", "mcp-name": "file:///a b" }, uri("file:///a b"), "accepted"],
    [
      "a URI beyond ASCII, encoded",
      { "mcp-method": "resources/read", "mcp-name": base64("file:///é") },
      uri("file:///é"),
      "accepted",
    ],
    [
      "a URI beyond ASCII, raw",
      { "mcp-method": "resources/read", "mcp-name": "file:///\u00e9" },
      uri("file:///\u00e9"),
      MISMATCH,
    ],
    [
      "a URI with spaces around it, encoded",
      { "mcp-method": "resources/read", "mcp-name": base64(" a ") },
      uri(" a "),
      "accepted",
    ],
    ["a URI with spaces around it, trimmed", { "mcp-method": "resources/read", "mcp-name": "a" }, uri(" a "), MISMATCH],
    ["a task", { "mcp-method": "tasks/get", "mcp-name": "t" }, { method: "tasks/get", target: "t" }, "accepted"],
    [
      "a task without its header",
      { "mcp-method": "tasks/get", "mcp-name": undefined },
      { method: "tasks/get", target: "t" },
      MISMATCH,
    ],
    [
      "a list",
      { "mcp-method": "tools/list", "mcp-name": undefined },
      { method: "tools/list", target: null },
      "accepted",
    ],
    [
      "a list that a header gives a name",
      { "mcp-method": "tools/list", "mcp-name": "echo" },
      { method: "tools/list", target: null },
      MISMATCH,
    ],
  ];

  it.each(rows)("%s", (_name, headers, changes, verdict) => {
    expect(verdictOn(headersOf(headers, ORDINARY), message(changes))).toBe(verdict);
  });
});

describe("the era of sessions: absent is fine, a lie is not [MCPT-12, MCPL-03, MCPL-04]", () => {
  const ORDINARY = { "mcp-protocol-version": SESSIONS };
  const rows: readonly [name: string, headers: HeaderChanges, changes: Partial<Message>, verdict: string][] = [
    ["the version alone", {}, {}, "accepted"],
    ["nothing at all", { "mcp-protocol-version": undefined }, {}, "accepted"],
    ["a method that agrees", { "mcp-method": "tools/call" }, {}, "accepted"],
    ["a method that does not", { "mcp-method": "tools/list" }, {}, MISMATCH],
    ["a name that agrees", { "mcp-name": "echo" }, {}, "accepted"],
    ["a name that does not", { "mcp-name": "delete" }, {}, MISMATCH],
    ["a name for a list", { "mcp-name": "delete" }, { method: "tools/list", target: null }, MISMATCH],
    ["a name for an answer", { "mcp-name": "delete" }, { kind: "response", method: "", target: null }, MISMATCH],
    [
      "a method for an answer",
      { "mcp-method": "tools/call" },
      { kind: "response", method: "", target: null },
      MISMATCH,
    ],
    ["an answer", {}, { kind: "response", method: "", target: null }, "accepted"],
    ["an older version in the body too", {}, { protocolVersion: SESSIONS }, "accepted"],
    ["another older version in the body", {}, { protocolVersion: "2025-06-18" }, MISMATCH],
  ];

  it.each(rows)("%s", (_name, headers, changes, verdict) => {
    expect(verdictOn(headersOf(headers, ORDINARY), message({ protocolVersion: null, ...changes }))).toBe(verdict);
  });
});

describe("what is no request, in the stateless era", () => {
  it("a notification needs no headers: the revision defines none for it", () => {
    const notification = message({
      kind: "notification",
      method: "notifications/x",
      target: null,
      protocolVersion: null,
    });
    expect(verdictOn(new Headers({ "mcp-protocol-version": STATELESS }), notification)).toBe("accepted");
    const lie = new Headers({ "mcp-protocol-version": STATELESS, "mcp-method": "notifications/y" });
    expect(verdictOn(lie, notification)).toBe(MISMATCH);
  });

  it("an answer does not exist", () => {
    const response = message({ kind: "response", method: "", target: null, protocolVersion: null });
    expect(verdictOn(new Headers({ "mcp-protocol-version": STATELESS }), response)).toBe("message_malformed");
  });
});

it.each([
  [STATELESS, null, true],
  [null, STATELESS, true],
  ["2027-03-01", null, true],
  [SESSIONS, null, false],
  [null, null, false],
])("header %s and body %s are of the stateless era: %s", (header, body, expected) => {
  const headers = new Headers(header === null ? {} : { "mcp-protocol-version": header });
  expect(isStateless(headers, message({ protocolVersion: body }))).toBe(expected);
});

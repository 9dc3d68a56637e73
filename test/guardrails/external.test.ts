import { describe, expect, it } from "vitest";
import { FetchFailed } from "../../src/egress/bounded-fetch.ts";
import type { TextAnswer, TextRequest } from "../../src/egress/exchange.ts";
import type { External } from "../../src/guardrails/external.ts";
import { GuardRefused } from "../../src/guardrails/guarded-call.ts";
import { Guardrails, type Sent } from "../../src/guardrails/guardrails.ts";
import { LIMITS } from "../../src/limits.ts";

const CALL = {
  correlation_id: "c-1",
  resource: "https://crossgate.example/mcp/files",
  method: "tools/call",
  target: "read_file",
  organization: "acme",
  principal: "usr_ada",
  client_id: "agent",
};
const EXTERNAL: External = {
  name: "dlp",
  type: "external",
  when: "before",
  url: "https://dlp.example.net/check",
  secret: "dlp",
  timeout_milliseconds: 500,
  fail: "closed",
  sends: "metadata",
};
const SENT = {
  carried: { arguments: { a: "AKIAIOSFODNN7EXAMPLE" } },
  named: { name: "read_file" },
  isResponse: false,
  repeated: { "mcp-param-a": "b" },
  inputSchema: undefined,
};

interface Surroundings {
  readonly sent?: Sent;
  readonly secret?: string | null | Error;
  readonly before?: readonly never[];
}

async function ask(
  answer: (request: TextRequest) => Partial<TextAnswer> | Error,
  changes: Partial<External> = {},
  { secret = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==", before = [], sent = SENT }: Surroundings = {},
) {
  const asked: TextRequest[] = [];
  const exchange = async (request: TextRequest): Promise<TextAnswer> => {
    asked.push(request);
    const given = answer(request);
    if (given instanceof Error) throw given;
    return { status: 200, headers: new Headers(), text: "", ...given };
  };
  const findSecret = async (): Promise<string | null> => {
    if (secret instanceof Error) throw secret;
    return secret;
  };
  const egress = { rules: { ownHost: "crossgate.example", allowsLoopback: false }, exchange };
  const guards = new Guardrails([...before, { ...EXTERNAL, ...changes }], CALL, { egress, findSecret });
  const result = await guards.before(sent).catch((error: unknown) => {
    if (error instanceof GuardRefused) return error.reason;
    throw error;
  });
  return { result, asked, outcomes: guards.outcomes };
}

const allow = () => ({ text: '{"decision":"allow"}' });

describe("a processor elsewhere", () => {
  it("lets pass, or blocks, by a closed answer", async () => {
    expect(await ask(allow)).toMatchObject({ result: SENT.carried, outcomes: [{ name: "dlp", outcome: "passed" }] });
    const blocked = await ask(() => ({ text: '{"decision":"block"}' }));
    expect(blocked).toMatchObject({ result: "guardrail_blocked", outcomes: [{ outcome: "blocked", count: 1 }] });
  });

  it("is told who calls what, and not what is in it unless it says that it wants that", async () => {
    const [{ asked: told }, { asked: shown }] = [await ask(allow), await ask(allow, { sends: "content" })];
    expect(JSON.parse(told[0]?.body ?? "")).toEqual({ version: 1, guardrail: "dlp", phase: "before", ...CALL });
    expect(JSON.parse(shown[0]?.body ?? "")).toMatchObject({
      content: { params: { ...SENT.carried, name: "read_file" }, headers: { "mcp-param-a": "b" } },
    });
    expect(shown[0]).toMatchObject({ milliseconds: 500, maximumBytes: LIMITS.guardrailAnswerBytes, method: "POST" });
  });

  it("is shown parameters and headers apart, and an answer to a question as one", async () => {
    const hiding = { ...SENT, carried: { headers: "what nobody was to see" } };
    const { asked } = await ask(allow, { sends: "content" }, { sent: hiding });
    const params = { ...hiding.carried, name: "read_file" };
    expect(JSON.parse(asked[0]?.body ?? "")).toMatchObject({ content: { params, headers: SENT.repeated } });
    const answer = { ...SENT, isResponse: true, carried: { result: { a: 1 } }, named: {}, repeated: {} };
    const { asked: shown } = await ask(allow, { sends: "content" }, { sent: answer });
    expect(JSON.parse(shown[0]?.body ?? "")).toMatchObject({ content: answer.carried });
  });

  it("is shown what the processors before it have left", async () => {
    const redact = { name: "s", type: "secrets", when: "both", action: "redact" } as never;
    const { asked } = await ask(allow, { sends: "content" }, { before: [redact] });
    expect(asked[0]?.body).toContain("[redacted aws_access_key]");
    expect(asked[0]?.body).not.toContain("AKIA");
  });

  it("can verify each request, by a signature over its id, time and body (Standard Webhooks)", async () => {
    const { asked } = await ask(allow);
    const { headers = {}, body = "" } = asked[0] ?? {};
    const raw = new TextEncoder().encode("secret-of-the-tests");
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    const [version, signature = ""] = (headers["webhook-signature"] ?? "").split(",");
    const signed = new TextEncoder().encode(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    const mac = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0));
    expect([version, await crypto.subtle.verify("HMAC", key, mac, signed)]).toEqual(["v1", true]);
  });

  const failures: readonly [string, Parameters<typeof ask>[0]][] = [
    ["does not answer", () => new FetchFailed("unreachable")],
    ["redirects", () => new FetchFailed("redirect", 302)],
    ["answers too much", () => new FetchFailed("too_large")],
    ["answers 204", () => ({ status: 204, text: "" })],
    ["answers 500", () => ({ status: 500, text: '{"decision":"allow"}' })],
    ["answers no JSON", () => ({ text: "allow" })],
    ["answers both", () => ({ text: '{"decision":"block","decision":"allow"}' })],
    ["answers more than it may say", () => ({ text: '{"decision":"allow","arguments":{}}' })],
    ["answers something else", () => ({ text: '{"decision":"Allow"}' })],
  ];

  it.each(failures)("that %s lets nothing pass, unless it is said to fail open", async (_what, answer) => {
    expect(await ask(answer)).toMatchObject({ result: "guardrail_unavailable", outcomes: [{ outcome: "failed" }] });
    expect(await ask(answer, { fail: "open" })).toMatchObject({
      result: SENT.carried,
      outcomes: [{ outcome: "failed" }],
    });
  });

  it.each([null, new Error("vault")])("is not asked without a key to sign with: %s", async (secret) => {
    expect(await ask(allow, {}, { secret })).toMatchObject({ result: "guardrail_unavailable", asked: [] });
  });
});

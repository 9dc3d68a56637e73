import { describe, expect, it } from "vitest";
import {
  forward as forwardWith,
  type Forwarding,
  isForwardedParameter,
  responseHeaders,
} from "../../src/gateway/forward.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { traceRequest } from "../../src/http/trace.ts";
import { LIMITS } from "../../src/limits.ts";
import { RESOURCE } from "../support/documents.ts";
import { stubUpstream, UPSTREAM } from "../support/gateway.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID = "00f067aa0ba902b7";
const TRACED = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` };
const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

function forward(what: Forwarding): Promise<Response> {
  return forwardWith(what, new Map());
}

function forwarding(headers: Readonly<Record<string, string>> = {}, changes: Partial<Forwarding> = {}): Forwarding {
  const request = new Request(RESOURCE, { method: "POST", headers, body: "what the client wrote" });
  return {
    request,
    trace: traceRequest(request),
    upstream: UPSTREAM,
    rules: { ownHost: "crossgate.example", allowsLoopback: false },
    body: BODY,
    upstreamSessionId: null,
    endsAtMilliseconds: null,
    ...changes,
  };
}

const get = (): Partial<Forwarding> => ({ request: new Request(RESOURCE), body: null });

async function verdictOn(changes: Forwarding): Promise<readonly [reason: string, upstreamStatus: number | null]> {
  try {
    return ["accepted", (await forward(changes)).status];
  } catch (error) {
    if (error instanceof CallRefused) return [error.reason, error.upstreamStatus];
    throw error;
  }
}

describe("what goes up", () => {
  it("is the message as authorized, to the server's own URL, and nothing that was not named", async () => {
    const upstream = stubUpstream();
    const session = { authorization: "Bearer secret", cookie: "a=b", "mcp-session-id": "the client's" };
    await forward(forwarding({ ...session, accept: "text/event-stream", "x-request-id": "1" }));
    const [sent] = upstream.sent;
    expect(sent).toMatchObject({ url: UPSTREAM, method: "POST", body: BODY });
    expect([...(sent?.headers ?? [])]).toEqual([
      ["accept", "text/event-stream"],
      ["accept-encoding", "identity"],
      ["content-type", "application/json"],
      ["traceparent", expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)],
    ]);
  });

  it("goes on with the caller's trace under a parent of its own, call by call", async () => {
    const upstream = stubUpstream();
    await forward(forwarding({ ...TRACED, tracestate: "a=b" }));
    await forward(forwarding({ ...TRACED, tracestate: "a=b" }));
    const sent = upstream.sent.map(({ headers }) => headers.get("traceparent"));
    for (const traceparent of sent)
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-(?!0{16})[0-9a-f]{16}-01$`));
    expect(new Set([...sent, TRACED.traceparent]).size).toBe(3);
    expect(upstream.sent[0]?.headers.get("tracestate")).toBe("a=b");
  });

  it.each(["caf\u00e9", `00-${TRACE_ID}-${"0".repeat(16)}-01`, `ff-${TRACE_ID}-${PARENT_ID}-01`])(
    "begins a trace where the caller's is none (%s), and leaves its state behind",
    async (traceparent) => {
      const upstream = stubUpstream();
      await forward(forwarding({ traceparent, tracestate: "a=b" }));
      expect(upstream.sent[0]?.headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      expect(upstream.sent[0]?.headers.get("traceparent")).not.toContain(TRACE_ID);
      expect(upstream.sent[0]?.headers.has("tracestate")).toBe(false);
    },
  );

  it("follows no redirect and asks no cache", async () => {
    const upstream = stubUpstream();
    await forward(forwarding());
    expect(upstream.sent[0]?.init).toMatchObject({ redirect: "manual", cache: "no-store" });
  });

  it("carries the upstream's own session id, and no body without a message", async () => {
    const upstream = stubUpstream(() => new Response("", { headers: { "content-type": "text/event-stream" } }));
    await forward(forwarding({}, { ...get(), upstreamSessionId: "theirs" }));
    expect(upstream.sent[0]).toMatchObject({ method: "GET", body: null });
    expect(upstream.sent[0]?.headers.get("mcp-session-id")).toBe("theirs");
    expect(upstream.sent[0]?.headers.get("content-type")).toBeNull();
  });

  it.each([
    ["accept-language", "de"],
    ["last-event-id", "7"],
    ["mcp-protocol-version", "2026-07-28"],
    ["mcp-method", "ping"],
    ["mcp-name", "=?base64?w6k=?="],
    ["mcp-param-region", "us-west1"],
    ["mcp-param-unheard-of", "=?base64?anything?="],
    ["tracestate", "a=b"],
  ])("carries %s as it is [MCPT-13]", async (name, value) => {
    const upstream = stubUpstream();
    await forward(forwarding({ ...TRACED, [name]: value }));
    expect(upstream.sent[0]?.headers.get(name)).toBe(value);
  });

  const forwarded = ["accept-language", "tracestate", "mcp-name", "mcp-param-region", "last-event-id"];
  it.each(
    forwarded.flatMap((name) => ["caf\u00e9", "caf\ufffd", "a\u0001b", "a\u007fb"].map((value) => [name, value])),
  )("refuses %s: %j, which would be another value by the time it arrives", async (name, value) => {
    const upstream = stubUpstream();
    expect(await verdictOn(forwarding({ ...TRACED, [name ?? ""]: value ?? "" }))).toEqual(["message_malformed", null]);
    expect(upstream.sent).toEqual([]);
  });

  it("does not mind what stays behind", async () => {
    stubUpstream();
    expect((await verdictOn(forwarding({ "x-comment": "caf\u00e9" })))[0]).toBe("accepted");
  });

  it("refuses headers beyond the bound, alone or together, rather than leave one out", async () => {
    const upstream = stubUpstream();
    const long = "a".repeat(LIMITS.gatewayHeaderBytes);
    const half = "a".repeat(LIMITS.gatewayHeaderBytes / 2);
    expect(await verdictOn(forwarding({ "mcp-param-a": long }))).toEqual(["message_too_large", null]);
    const together = { ...TRACED, "mcp-param-a": half, tracestate: half };
    expect(await verdictOn(forwarding(together))).toEqual(["message_too_large", null]);
    expect(upstream.sent).toEqual([]);
    // What is not passed on takes no room.
    expect(await verdictOn(forwarding({ "x-long": long }))).toEqual(["accepted", 200]);
  });

  it.each([
    ["our own host", "https://crossgate.example/mcp/files"],
    ["loopback", "http://127.0.0.1/mcp"],
    ["an address", "https://169.254.169.254/mcp"],
  ])("never goes to %s", async (_name, url) => {
    const upstream = stubUpstream();
    expect(await verdictOn(forwarding({}, { upstream: url }))).toEqual(["upstream_unreachable", null]);
    expect(upstream.sent).toEqual([]);
  });
});

it.each([
  ["mcp-param-region", true],
  ["mcp-param-a-1", true],
  ["mcp-param-", false],
  ["mcp-param-a_b", false],
  ["mcp-param-a.b", false],
  ["mcp_param-a", false],
  ["x-mcp-param-a", false],
])("%s is a parameter: %s", (name, expected) => {
  expect(isForwardedParameter(name)).toBe(expected);
});

describe("what comes back", () => {
  const json = { "content-type": "application/json" };
  const rows: readonly (readonly [name: string, answer: () => Response, verdict: readonly [string, number | null]])[] =
    [
      ["JSON", () => new Response("{}", { headers: json }), ["accepted", 200]],
      [
        "JSON with a charset",
        () => new Response("{}", { headers: { "content-type": "Application/JSON; charset=utf-8" } }),
        ["accepted", 200],
      ],
      [
        "events",
        () => new Response("data: 1\n\n", { headers: { "content-type": "text/event-stream" } }),
        ["accepted", 200],
      ],
      [
        "a page",
        () => new Response("<html>", { headers: { "content-type": "text/html" } }),
        ["upstream_media_type", 200],
      ],
      ["bytes", () => new Response(new Uint8Array(2)), ["upstream_media_type", 200]],
      [
        "something like JSON",
        () => new Response("{}", { headers: { "content-type": "application/jsonp" } }),
        ["upstream_media_type", 200],
      ],
      ["nothing", () => new Response(null), ["accepted", 200]],
      ["nothing, and says so", () => new Response("", { headers: { "content-length": "0" } }), ["accepted", 200]],
      ["accepted", () => new Response(null, { status: 202 }), ["accepted", 202]],
      ["accepted, with words", () => new Response("ok", { status: 202 }), ["accepted", 202]],
      ["no content", () => new Response(null, { status: 204 }), ["accepted", 204]],
      ["reset content", () => new Response(null, { status: 205, headers: json }), ["accepted", 205]],
      ["an error of the server's own", () => Response.json({}, { status: 400 }), ["accepted", 400]],
      ["a session that is gone", () => new Response("gone", { status: 404 }), ["accepted", 404]],
      ["a failure", () => new Response("<html>", { status: 500 }), ["accepted", 500]],
      ...[300, 301, 302, 303, 304, 307, 308].map((status) => {
        const headers = { location: "https://evil.example/" };
        const redirect = (): Response => new Response(null, { status, headers });
        return [`${status}`, redirect, ["upstream_redirect", status]] as const;
      }),
      ...[401, 403, 407].map((status) => {
        const answer = (): Response => Response.json({}, { status });
        return [`${status}`, answer, ["upstream_refused", status]] as const;
      }),
      ...(
        [
          [403, 'Bearer error="insufficient_scope", scope="a b"', "upstream_scope_insufficient"],
          [401, 'DPoP algs="ES256", Bearer error="insufficient_scope"', "upstream_scope_insufficient"],
          [401, 'Bearer error="insufficient_user_authentication"', "upstream_authentication_insufficient"],
          [401, 'Bearer error="invalid_token", resource_metadata="https://evil.example/"', "upstream_refused"],
          [403, 'Bearer scope="insufficient_scope"', "upstream_refused"],
          [403, 'Bearer error="insufficient_scope", error="invalid_token"', "upstream_refused"],
        ] as const
      ).map(([status, challenge, reason]) => {
        const answer = (): Response => Response.json({}, { status, headers: { "www-authenticate": challenge } });
        return [`${status} with ${challenge}`, answer, [reason, status]] as const;
      }),
    ];

  it.each(rows)("%s", async (_name, answer, verdict) => {
    stubUpstream(answer);
    expect(await verdictOn(forwarding())).toEqual(verdict);
  });

  it("is nothing when nobody answers", async () => {
    stubUpstream(() => Promise.reject(new TypeError("connection refused")));
    expect(await verdictOn(forwarding())).toEqual(["upstream_unreachable", null]);
  });

  it.each([
    ["a page with an error", new Response("<html>secret", { status: 500, headers: { "retry-after": "7" } })],
    ["words with a 202", new Response("secret", { status: 202, headers: { "retry-after": "7" } })],
  ])("of %s only status and what a client can use is kept [MCPT-04]", async (_name, answer) => {
    stubUpstream(() => answer);
    const response = await forward(forwarding());
    expect(await response.text()).toBe("");
    expect(responseHeaders(response).get("retry-after")).toBe("7");
    expect(responseHeaders(response).get("content-type")).toBeNull();
  });

  it("to a DELETE is a status", async () => {
    stubUpstream(() => new Response("<p>bye", { headers: { "content-type": "text/html" } }));
    const request = new Request(RESOURCE, { method: "DELETE" });
    const response = await forward(forwarding({}, { request, body: null }));
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  it("keeps no header but those that an MCP client reads", () => {
    const headers = {
      "content-type": "application/json",
      "mcp-protocol-version": "2025-11-25",
      "retry-after": "1",
      "x-accel-buffering": "no",
      "set-cookie": "a=b",
      "www-authenticate": "Bearer",
      "proxy-authenticate": "Basic",
      location: "https://evil.example",
      "access-control-allow-origin": "*",
      "access-control-allow-credentials": "true",
      "cache-control": "public",
      "content-security-policy": "none",
      "clear-site-data": "*",
      "mcp-session-id": "theirs",
      server: "secret/1.0",
      link: "<a>",
      refresh: "0",
    };
    expect([...responseHeaders(new Response("{}", { headers }))]).toEqual([
      ["cache-control", "no-store"],
      ["content-type", "application/json"],
      ["mcp-protocol-version", "2025-11-25"],
      ["retry-after", "1"],
      ["x-accel-buffering", "no"],
      ["x-content-type-options", "nosniff"],
    ]);
  });
});

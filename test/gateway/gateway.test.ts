import { afterEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { makeDpopKey } from "../support/dpop.ts";
import { type CallChanges, LIST_TOOLS, reasonsOf, stubUpstream, TestGateway, UPSTREAM } from "../support/gateway.ts";
import { makeTestKey } from "../support/test-idp.ts";

const PAYROLL = `${CROSSGATE}/mcp/payroll`;
const METADATA = `${CROSSGATE}/.well-known/oauth-protected-resource/mcp/files`;

afterEach(() => vi.useRealTimers());

describe("a call that is permitted", () => {
  it("is answered by the server, traced, and recorded once", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const { status, headers, text } = await gateway.call();
    expect([status, JSON.parse(text)]).toEqual([200, { jsonrpc: "2.0", id: 1, result: { content: [] } }]);
    expect(upstream.sent).toHaveLength(1);
    expect(gateway.events).toHaveLength(1);
    expect(gateway.events[0]).toMatchObject({
      decision: "granted",
      principal: "usr_ada",
      method: "tools/call",
      target: "read_file",
      upstream_status: 200,
      correlation_id: headers.get("crossgate-correlation-id"),
    });
    expect(gateway.counted).toEqual([]);
  });

  it("is recorded under the trace that the server is told of, which is the caller's where he has one", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    await gateway.call({ headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    await gateway.call();
    const told = upstream.sent.map(({ headers }) => headers.get("traceparent")?.split("-")[1]);
    expect(told).toEqual(gateway.events.map(({ trace_id: recorded }) => recorded));
    // What the server traces hangs below the span that is made of the record.
    const parents = upstream.sent.map(({ headers }) => headers.get("traceparent")?.split("-")[2]);
    expect(parents).toEqual(gateway.events.map(({ span_id }) => span_id));
    expect(gateway.events.map(({ parent_span_id }) => parent_span_id)).toContain("00f067aa0ba902b7");
    expect(told[0]).toBe(traceId);
    expect(told[1]).not.toBe(traceId);
  });

  it("goes to the server whose URL was called, and to no other", async () => {
    const upstream = stubUpstream();
    const other = { resource: PAYROLL, upstream: "https://payroll.example.net/mcp" };
    const gateway = await TestGateway.start({ resources: [{}, other] });
    await gateway.call();
    await gateway.call({ url: PAYROLL, token: await gateway.token({ aud: PAYROLL }) });
    expect(upstream.sent.map(({ url }) => url)).toEqual([UPSTREAM, "https://payroll.example.net/mcp"]);
  });
});

interface Row {
  readonly name: string;
  readonly changes: (gateway: TestGateway) => Promise<CallChanges>;
  readonly status: number;
  readonly reason: string;
  /** Whether a signature of ours says whose call it was: then it is recorded, and otherwise counted. */
  readonly isRecorded: boolean;
  readonly challenge?: RegExp;
}

const now = (): number => Math.floor(Date.now() / 1000);

const REFUSED: readonly Row[] = [
  {
    name: "without a token",
    changes: async () => ({ token: null }),
    status: 401,
    reason: "token_missing",
    isRecorded: false,
    challenge: /^Bearer scope="files:read files:write", resource_metadata="[^"]+\/mcp\/files"$/,
  },
  {
    name: "with a token in the query",
    changes: async () => ({ url: `${RESOURCE}?access_token=a.b.c`, token: null }),
    status: 400,
    reason: "token_in_query",
    isRecorded: false,
    challenge: /error="invalid_request"/,
  },
  {
    name: "with a stranger's token",
    changes: async (gateway) => ({ token: await gateway.token({}, { key: await makeTestKey("ES256", "gateway") }) }),
    status: 401,
    reason: "token_signature",
    isRecorded: false,
    challenge: /error="invalid_token"/,
  },
  {
    name: "with a token for another server",
    changes: async (gateway) => ({ token: await gateway.token({ aud: PAYROLL }) }),
    status: 401,
    reason: "token_audience",
    isRecorded: true,
    challenge: /error="invalid_token"/,
  },
  {
    name: "with an expired token, whose missing scope is not even looked at",
    changes: async (gateway) => ({ token: await gateway.token({ exp: now() - 1, scope: "nothing" }) }),
    status: 401,
    reason: "token_expired",
    isRecorded: true,
    challenge: /error="invalid_token"/,
  },
  {
    name: "with a bound token as a bearer token",
    changes: async (gateway) => ({ token: await gateway.token({ cnf: { jkt: "somebody" } }) }),
    status: 401,
    reason: "token_binding",
    isRecorded: true,
    challenge: /^DPoP error="invalid_token"/,
  },
  {
    name: "with a bound token and a thief's proof",
    changes: async (gateway) => {
      const token = await gateway.token({ cnf: { jkt: "somebody" } });
      return { token, scheme: "DPoP", headers: { dpop: await gateway.proof(await makeDpopKey(), token) } };
    },
    status: 401,
    reason: "token_binding",
    isRecorded: true,
    challenge: /^DPoP error="invalid_token"/,
  },
  {
    name: "with too little scope",
    changes: async () => ({ message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "write_file" } } }),
    status: 403,
    reason: "scope_insufficient",
    isRecorded: true,
    challenge: /^Bearer error="insufficient_scope", scope="files:write", resource_metadata=/,
  },
  {
    name: "to a tool that is not offered",
    changes: async () => ({
      message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "format_disk" } },
    }),
    status: 403,
    reason: "operation_unknown",
    isRecorded: true,
  },
  {
    name: "with a malformed message",
    changes: async () => ({ message: "{}" }),
    status: 400,
    reason: "message_malformed",
    isRecorded: true,
  },
  {
    name: "with a header that says otherwise",
    changes: async () => ({ headers: { "mcp-name": "write_file" } }),
    status: 400,
    reason: "message_header_mismatch",
    isRecorded: true,
  },
  {
    name: "with a form",
    changes: async () => ({ headers: { "content-type": "application/x-www-form-urlencoded" } }),
    status: 415,
    reason: "message_media_type",
    isRecorded: true,
  },
  {
    name: "in an invented session",
    changes: async () => ({ headers: { "mcp-session-id": "invented" } }),
    status: 404,
    reason: "session_unknown",
    isRecorded: true,
  },
  {
    name: "from a stranger's page",
    changes: async () => ({ headers: { origin: "https://evil.example" } }),
    status: 403,
    reason: "origin_not_allowed",
    isRecorded: false,
  },
  {
    name: "by a method that means nothing here",
    changes: async () => ({ method: "PUT" }),
    status: 405,
    reason: "method_not_allowed",
    isRecorded: false,
  },
];

describe("a call that is refused [MCPA-10, MCPA-13]", () => {
  it.each(REFUSED)("$name", async ({ changes, status, reason, isRecorded, challenge }) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const answered = await gateway.call(await changes(gateway));
    expect(answered.status).toBe(status);
    expect(upstream.sent, "nothing reaches the upstream before authorization has passed").toEqual([]);
    expect(gateway.events.map((event) => event.reason)).toEqual(isRecorded ? [reason] : []);
    expect(gateway.counted).toEqual(isRecorded ? [] : [reason]);
    expect(answered.challenge ?? "").toMatch(challenge ?? /^$/);
    expect(gateway.faults).toEqual([]);
  });

  it("says where the metadata is, at the URL that was called", async () => {
    stubUpstream();
    const gateway = await TestGateway.start();
    expect((await gateway.call({ token: null })).challenge).toContain(`resource_metadata="${METADATA}"`);
  });

  it("beyond its rate is told when to come back, before its body is read", async () => {
    const upstream = stubUpstream();
    const asked: string[] = [];
    const isClientWithinRate = async (clientId: string): Promise<boolean> => asked.push(clientId) < 0;
    const gateway = await TestGateway.start({ overrides: { isClientWithinRate } });
    const answered = await gateway.call({ message: "not even JSON" });
    expect([answered.status, answered.headers.get("retry-after")]).toEqual([429, "10"]);
    expect([asked, reasonsOf(gateway), upstream.sent]).toEqual([["agent"], ["gateway_rate_limited"], []]);
  });

  it("for an outage of ours is told to come back, and was nobody's fault", async () => {
    const upstream = stubUpstream();
    const consumeProof = () => Promise.reject(new Outage("ledger_unavailable"));
    const gateway = await TestGateway.start({ overrides: { consumeProof } });
    const key = await makeDpopKey();
    const token = await gateway.token({ cnf: { jkt: key.thumbprint } });
    const answered = await gateway.call({ token, scheme: "DPoP", headers: { dpop: await gateway.proof(key, token) } });
    expect([answered.status, answered.headers.get("retry-after"), answered.challenge]).toEqual([503, "2", null]);
    expect(gateway.events).toMatchObject([{ reason: "ledger_unavailable", decision: "failed", principal: "usr_ada" }]);
    expect(upstream.sent).toEqual([]);
  });

  it("for a fault of ours says nothing about it to anybody but us", async () => {
    stubUpstream();
    const cause = new TypeError("secret");
    const gateway = await TestGateway.start({ overrides: { isClientWithinRate: () => Promise.reject(cause) } });
    const answered = await gateway.call();
    expect(answered.status).toBe(500);
    expect(answered.text).not.toContain("secret");
    expect(gateway.faults).toEqual([cause]);
    expect(reasonsOf(gateway)).toEqual(["fault"]);
  });
});

describe("a credential that was good when the call began", () => {
  /** A message that is sent to its end only after so much time. */
  function sentAfter(milliseconds: number): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(" "));
        setTimeout(() => {
          controller.enqueue(new TextEncoder().encode(JSON.stringify(LIST_TOOLS)));
          controller.close();
        }, milliseconds);
      },
    });
  }

  async function outcomeOf(gateway: TestGateway, changes: CallChanges): Promise<readonly unknown[]> {
    const upstream = stubUpstream();
    const answered = gateway.call(changes);
    await vi.advanceTimersByTimeAsync(9_000);
    return [(await answered).status, reasonsOf(gateway), upstream.sent.length];
  }

  it.each([
    ["has expired by the time its message is there", 8, [401, ["token_expired"], 0]],
    ["is still good by then", 30, [200, [null], 1]],
  ])("and %s", async (_what, lifetimeSeconds, expected) => {
    vi.useFakeTimers({ now: Date.now() });
    const gateway = await TestGateway.start();
    const token = await gateway.token({ exp: now() + lifetimeSeconds });
    expect(await outcomeOf(gateway, { token, message: sentAfter(8_500) })).toEqual(expected);
  });

  it.each([
    ["is too old by the time its message is there", 55, [401, ["gateway_proof_invalid"], 0]],
    ["is still fresh by then", 20, [200, [null], 1]],
  ])("and is a proof that %s", async (_what, ageSeconds, expected) => {
    vi.useFakeTimers({ now: Date.now() });
    const gateway = await TestGateway.start();
    const key = await makeDpopKey();
    const token = await gateway.token({ cnf: { jkt: key.thumbprint } });
    const dpop = await gateway.proof(key, token, { iat: now() - ageSeconds });
    const changes = { token, scheme: "DPoP", headers: { dpop }, message: sentAfter(8_500) };
    expect(await outcomeOf(gateway, changes)).toEqual(expected);
  });

  it.each(["isClientWithinRate", "consumeProof"] as const)("and has expired while %s was waited for", async (name) => {
    vi.useFakeTimers({ now: Date.now() });
    const answers = { isClientWithinRate: true, consumeProof: "consumed" };
    const slow = () => new Promise((resolve) => setTimeout(() => resolve(answers[name]), 8_500));
    const gateway = await TestGateway.start({ overrides: { [name]: slow } });
    const key = await makeDpopKey();
    const token = await gateway.token({ cnf: { jkt: key.thumbprint }, exp: now() + 8 });
    const changes = { token, scheme: "DPoP", headers: { dpop: await gateway.proof(key, token) } };
    expect(await outcomeOf(gateway, changes)).toEqual([401, ["token_expired"], 0]);
  });
});

describe("which server", () => {
  it("is none for a URL that no server has, or whose server is disabled", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ resources: [{ enabled: false }] });
    expect(await gateway.respond()).toBeNull();
    expect(await gateway.respond({ url: PAYROLL })).toBeNull();
    expect([upstream.sent, gateway.events, gateway.counted]).toEqual([[], [], []]);
  });

  it.each([CROSSGATE, `${CROSSGATE}/`])("may be the origin itself, written %s", async (resource) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ resources: [{ resource }] });
    const { status } = await gateway.call({ url: `${CROSSGATE}/`, token: await gateway.token({ aud: resource }) });
    expect([status, upstream.sent.length]).toEqual([200, 1]);
  });

  it.each(["trust_unavailable", "trust_document_invalid"] as const)(
    "cannot be known during an outage (%s), which is no fault and can be tried again",
    async (reason) => {
      const upstream = stubUpstream();
      const findResource = () => Promise.reject(new Outage(reason));
      const gateway = await TestGateway.start({ overrides: { findResource } });
      const { status, headers, errorCode } = await gateway.call();
      expect([status, headers.get("retry-after"), errorCode]).toEqual([503, "2", 503]);
      expect(headers.get("crossgate-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect([gateway.counted, upstream.sent]).toEqual([[reason], []]);
    },
  );
});

describe("a browser", () => {
  const APP = "https://app.example";
  const resources = [{ allowed_origins: [APP] }];

  it("is told what it may send before it sends a token", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ resources });
    const { status, headers } = await gateway.call({ method: "OPTIONS", token: null, headers: { origin: APP } });
    expect([status, headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual([204, APP, "origin"]);
    expect([upstream.sent, gateway.counted]).toEqual([[], []]);
  });

  it("may read the answers, and the challenge of a refusal too", async () => {
    stubUpstream();
    const gateway = await TestGateway.start({ resources });
    const granted = await gateway.call({ headers: { origin: APP } });
    const refused = await gateway.call({ headers: { origin: APP }, token: null });
    expect([granted.status, refused.status]).toEqual([200, 401]);
    for (const { headers } of [granted, refused]) expect(headers.get("access-control-allow-origin")).toBe(APP);
  });

  it("of a stranger may read nothing", async () => {
    stubUpstream();
    const gateway = await TestGateway.start({ resources });
    const { headers } = await gateway.call({ headers: { origin: "https://evil.example" } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  it("is not asked about without an origin", async () => {
    stubUpstream();
    const gateway = await TestGateway.start({ resources });
    expect((await gateway.call({ method: "OPTIONS", token: null })).status).toBe(405);
  });
});

describe("a method that no scope means", () => {
  const message = { jsonrpc: "2.0", id: 9, method: "logging/setLevel", params: {} };

  it.each([
    ["an ordinary answer in the era of sessions", {}, 200],
    ["404 in the stateless era", { "mcp-protocol-version": "2026-07-28", "mcp-method": "logging/setLevel" }, 404],
  ])("is %s, and recorded as refused", async (_name, headers, status) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
    const isStateless = status === 404;
    const answered = await gateway.call({
      message: isStateless ? { ...message, params: { _meta } } : message,
      headers,
    });
    expect([answered.status, answered.errorCode]).toEqual([status, -32_601]);
    expect([reasonsOf(gateway), upstream.sent]).toEqual([["operation_unknown"], []]);
  });
});

describe("sessions", () => {
  const openSession = () =>
    new Response('{"jsonrpc":"2.0","id":1,"result":{}}', {
      headers: { "content-type": "application/json", "mcp-session-id": "upstream-7" },
    });

  it("have an id of ours to the client and the upstream's own to the upstream", async () => {
    const upstream = stubUpstream(openSession);
    const gateway = await TestGateway.start();
    const sessionId = (await gateway.call()).headers.get("mcp-session-id") ?? "";
    expect(sessionId).toMatch(/^upstream-7\.[A-Za-z0-9_-]{43}$/);
    expect((await gateway.call({ headers: { "mcp-session-id": sessionId } })).status).toBe(200);
    expect(upstream.sent.map(({ headers }) => headers.get("mcp-session-id"))).toEqual([null, "upstream-7"]);
  });

  it("outlive a token, but not their holder", async () => {
    const upstream = stubUpstream(openSession);
    const gateway = await TestGateway.start();
    const headers = { "mcp-session-id": (await gateway.call()).headers.get("mcp-session-id") ?? "" };
    expect((await gateway.call({ headers, token: await gateway.token() })).status).toBe(200);
    expect((await gateway.call({ headers, token: await gateway.token({ sub: "usr_bob" }) })).status).toBe(404);
    expect((await gateway.call({ headers, token: await gateway.token({ client_id: "other" }) })).status).toBe(404);
    expect(upstream.sent).toHaveLength(2);
  });

  it("without an id that a client could repeat have none", async () => {
    const headers = { "content-type": "application/json", "mcp-session-id": "a b" };
    stubUpstream(() => new Response("{}", { headers }));
    const gateway = await TestGateway.start();
    const answered = await gateway.call();
    expect([answered.status, answered.headers.get("mcp-session-id")]).toEqual([200, null]);
  });
});

describe("streams", () => {
  /** Never ends by itself; tells when it was made to. */
  function stubStream(): { readonly isEnded: () => boolean } {
    const cancel = vi.fn<() => void>();
    stubUpstream(
      () => new Response(new ReadableStream({ cancel }), { headers: { "content-type": "text/event-stream" } }),
    );
    return { isEnded: () => cancel.mock.calls.length > 0 };
  }

  const listen = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen" };
  const resources = [
    { scopes: { "files:read": { description: "Follow", methods: ["subscriptions/listen", "tools/list"] } } },
  ];

  it.each([
    ["a GET stream of the era of sessions", { method: "GET" }, true],
    ["a subscription of the stateless era (MCPT-37)", { message: listen }, true],
    ["the answer to a call, which was authorized when it began", { message: LIST_TOOLS }, false],
  ])("%s ends with its token: %s [MCPT-37]", async (_name, changes, ends) => {
    vi.useFakeTimers({ now: Date.now() });
    const stream = stubStream();
    const gateway = await TestGateway.start({ resources });
    const response = await gateway.respond({ ...changes, token: await gateway.token({ exp: now() + 60 }) });
    expect(response?.status).toBe(200);
    await vi.advanceTimersByTimeAsync(58_000);
    expect(stream.isEnded()).toBe(false);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(stream.isEnded()).toBe(ends);
  });

  it("pass as they come: nothing is waited for", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    stubUpstream(() => new Response(readable, { headers: { "content-type": "text/event-stream" } }));
    const gateway = await TestGateway.start();
    const response = await gateway.respond();
    const writer = writable.getWriter();
    const reader = response?.body?.getReader();
    const written = writer.write(new TextEncoder().encode("data: 1\n\n"));
    const first = await reader?.read();
    await written;
    expect(new TextDecoder().decode(first?.value)).toBe("data: 1\n\n");
    await Promise.all([reader?.cancel(), writer.closed.catch(() => undefined)]);
  });
});

describe("the record of what came of a call", () => {
  it.each([
    ["a redirect", () => new Response(null, { status: 302 }), { reason: "upstream_redirect", upstream_status: 302 }],
    ["a refusal", () => new Response(null, { status: 403 }), { reason: "upstream_refused", upstream_status: 403 }],
    ["a page", () => new Response("<html>"), { reason: "upstream_media_type", upstream_status: 200 }],
  ])("names the status of %s", async (_name, answer, facts) => {
    stubUpstream(answer);
    const gateway = await TestGateway.start();
    expect((await gateway.call()).status).toBe(502);
    expect(gateway.events).toMatchObject([{ decision: "failed", ...facts }]);
  });

  it("of a client that hung up says that the call was authorized, and blames no upstream", async () => {
    const client = new AbortController();
    stubUpstream(() => {
      client.abort();
      throw new DOMException("aborted", "AbortError");
    });
    const gateway = await TestGateway.start();
    await gateway.call({ signal: client.signal });
    expect(gateway.events).toMatchObject([{ decision: "granted", reason: null, upstream_status: null }]);
  });

  it("of an upstream that cannot be reached blames it", async () => {
    stubUpstream(() => Promise.reject(new TypeError("refused")));
    const gateway = await TestGateway.start();
    expect((await gateway.call()).status).toBe(502);
    expect(gateway.events).toMatchObject([
      { decision: "failed", reason: "upstream_unreachable", upstream_status: null },
    ]);
  });
});

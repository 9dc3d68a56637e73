import { describe, expect, it } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import type { GatewayDependencies } from "../../src/gateway/gateway.ts";
import { LIMITS } from "../../src/limits.ts";
import { deskOf, makeDecision } from "../support/approvals.ts";
import { type Members, permitRule } from "../support/documents.ts";
import { type CallChanges, type GatewayOptions, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

const APPROVAL = { approvers: { groups: ["leads"] } };
const BROAD = permitRule({ id: "broad", clients: "any", resources: "any", scopes: "any" });

/** A gateway whose organization no other test has, and where reading a file takes an approval. */
async function start(approval: Members = {}, options: GatewayOptions = {}) {
  const organization = `org-${crypto.randomUUID()}`;
  const held = permitRule({
    id: "held",
    scopes: "any",
    calls: { tools: ["read_file"] },
    approval: { ...APPROVAL, ...approval },
  });
  const gateway = await TestGateway.start({ rules: [BROAD, held], ...options });
  const token = (claims: Members = {}) => gateway.token({ organization, ...claims });
  const call = async (params: Members = {}, changes: CallChanges = {}) => {
    const message = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "read_file", ...params } };
    return gateway.call({ message, token: await token(), ...changes });
  };
  const decide = async (verdict: "approved" | "denied" = "approved") => {
    const [waiting] = await deskOf(organization).list();
    if (waiting === undefined) throw new TypeError("nothing waits");
    expect(await deskOf(organization).decide(makeDecision(waiting.id, { verdict }))).toBe("decided");
    return waiting.id;
  };
  return { gateway, organization, call, decide, token };
}

function resultOf(text: string): Members {
  return (JSON.parse(text) as { result: Members }).result;
}

const STATELESS = {
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": "read_file",
};

function statelessMeta(capabilities: Members): Members {
  return {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
}

describe("a call that takes an approval", () => {
  it("is held, says so with an id, and reaches the server once when it was approved", async () => {
    const upstream = stubUpstream();
    const { gateway, call, decide } = await start();
    const first = await call({ arguments: { path: "/a" } });
    expect([first.status, upstream.sent.length]).toEqual([200, 0]);
    const again = await call({ arguments: { path: "/a" } });
    expect(again.text).toBe(first.text);
    const id = await decide();
    expect(resultOf(first.text)).toMatchObject({
      isError: true,
      content: [{ type: "text", text: expect.stringContaining(`Held for approval, id ${id}`) }],
      _meta: { "crossgate/approval": { id, state: "pending", retry_after_seconds: LIMITS.approvalRetrySeconds } },
    });
    expect(first.text).toContain("Ask again with the same arguments");
    expect(resultOf((await call({ arguments: { path: "/a" } })).text)).toEqual({ content: [] });
    expect(upstream.sent.length).toBe(1);
    expect(resultOf((await call({ arguments: { path: "/a" } })).text)).toMatchObject({ isError: true });
    expect(upstream.sent.length).toBe(1);
    expect(gateway.events.map(({ reason, approval_id }) => [reason, approval_id === id])).toEqual([
      ["approval_pending", true],
      ["approval_pending", true],
      [null, true],
      ["approval_pending", false],
    ]);
  });

  it("that was denied is the tool's refusal, with nothing sent", async () => {
    const upstream = stubUpstream();
    const { gateway, call, decide } = await start();
    await call();
    const id = await decide("denied");
    const result = resultOf((await call()).text);
    expect(result).toMatchObject({ isError: true, _meta: { "crossgate/approval": { id, state: "denied" } } });
    expect([reasonsOf(gateway).at(-1), upstream.sent.length]).toEqual(["approval_denied", 0]);
  });

  it("does not go on while the desk does not answer: that is an outage", async () => {
    const upstream = stubUpstream();
    const present = () => Promise.reject(new Outage("approvals_unavailable"));
    const { gateway, call } = await start({}, { overrides: { present } });
    expect([(await call()).status, reasonsOf(gateway), upstream.sent.length]).toEqual([
      503,
      ["approvals_unavailable"],
      0,
    ]);
  });

  it("uses nothing up when its token or its session is not good", async () => {
    const upstream = stubUpstream();
    const { call, decide, token } = await start();
    await call();
    await decide();
    const nowSeconds = Math.floor(Date.now() / 1000);
    expect((await call({}, { token: await token({ exp: nowSeconds - 1 }) })).status).toBe(401);
    expect((await call({}, { headers: { "mcp-session-id": "invented" } })).status).toBe(404);
    expect((await call({}, { token: await token({ scope: "files:write" }) })).status).toBe(403);
    expect(upstream.sent.length).toBe(0);
    expect(resultOf((await call()).text)).toEqual({ content: [] });
  });

  it("uses nothing up for who was revoked, and is not made by who is revoked while the desk answers", async () => {
    const upstream = stubUpstream();
    let revokedAtLook = Number.POSITIVE_INFINITY;
    let looks = 0;
    const isRevoked = async () => (looks += 1) >= revokedAtLook;
    const { call, decide } = await start({}, { overrides: { isRevoked } });
    await call();
    await decide();
    [looks, revokedAtLook] = [0, 2];
    expect((await call()).status).toBe(401);
    [looks, revokedAtLook] = [0, 3];
    expect((await call()).status).toBe(401);
    expect(upstream.sent.length).toBe(0);
    [looks, revokedAtLook] = [0, Number.POSITIVE_INFINITY];
    expect(resultOf((await call()).text)).toMatchObject({ isError: true });
  });

  it("is sent once, whatever the server says of our credential, which is then another", async () => {
    const upstream = stubUpstream(() => new Response(null, { status: 401 }));
    const asked: boolean[] = [];
    const supplyCredential: GatewayDependencies["supplyCredential"] = async ({ isRefused }) => {
      asked.push(isRefused);
      const facts = { type: "secret", upstreamHost: "files.example.net", kid: null } as const;
      return { headers: new Map([["authorization", `Bearer ${String(isRefused)}`]]), facts };
    };
    const { call, decide } = await start({}, { overrides: { supplyCredential } });
    await call();
    await decide();
    expect((await call()).status).toBe(502);
    expect([upstream.sent.length, asked.slice(-2)]).toEqual([1, [false, true]]);
  });

  it("is a request: nobody could tell a notification that it waits", async () => {
    const upstream = stubUpstream();
    const { gateway, token } = await start();
    const message = { jsonrpc: "2.0", method: "tools/call", params: { name: "read_file" } };
    expect((await gateway.call({ message, token: await token() })).status).toBe(400);
    expect(upstream.sent.length).toBe(0);
  });

  it("holds back nothing else", async () => {
    const upstream = stubUpstream();
    const { gateway, token } = await start();
    const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    expect((await gateway.call({ message: list, token: await token() })).status).toBe(200);
    const write = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "write_file" } };
    expect((await gateway.call({ message: write, token: await token({ scope: "files:write" }) })).status).toBe(200);
    expect(upstream.sent.length).toBe(2);
  });

  it("uses up no rate while it waits, and counts when it is made", async () => {
    const upstream = stubUpstream();
    const counts = permitRule({
      id: "counts",
      scopes: "any",
      calls: { tools: "any" },
      rate: { calls: 1, per_seconds: 3600, by: ["subject"] },
    });
    const held = permitRule({ id: "held", scopes: "any", calls: { tools: ["read_file"] }, approval: APPROVAL });
    const { call, decide } = await start({}, { rules: [held, counts] });
    for (const _again of [1, 2, 3]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(resultOf((await call()).text)).toMatchObject({ isError: true });
    }
    await decide();
    expect(resultOf((await call()).text)).toEqual({ content: [] });
    await call();
    await decide();
    expect([(await call()).status, upstream.sent.length]).toEqual([429, 1]);
  });

  it("that is too many uses up no approval", async () => {
    const upstream = stubUpstream();
    let isAdmitted = false;
    const count = async () => (isAdmitted ? { isAdmitted } : { isAdmitted, retryAfterMilliseconds: 1000 });
    const limits = { count, enter: async () => true, renew: async () => undefined, leave: async () => undefined };
    const rate = { calls: 1, per_seconds: 60, by: ["subject"] };
    const held = permitRule({ id: "held", scopes: "any", calls: { tools: ["read_file"] }, approval: APPROVAL, rate });
    const { call, decide } = await start({}, { rules: [held], overrides: { limits } });
    await call();
    const id = await decide();
    const refused = await call();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    isAdmitted = true;
    const made = await call();
    expect([resultOf(made.text), upstream.sent.length]).toEqual([{ content: [] }, 1]);
    expect(id).toMatch(/~/);
  });

  it("is for what goes to the server: an answer to a question of ours is no part of it", async () => {
    const upstream = stubUpstream();
    const { call, decide } = await start();
    const inputResponses = { "crossgate/connect": { action: "accept" } };
    await call();
    await decide();
    await call({ inputResponses });
    expect(upstream.sent.map(({ body }) => body?.includes("crossgate/connect"))).toEqual([false]);
  });

  it("waits no longer than the shortest rule says", async () => {
    stubUpstream();
    const shorter = permitRule({
      id: "shorter",
      scopes: "any",
      calls: { tools: "any" },
      approval: { ...APPROVAL, expires_in_seconds: 30 },
    });
    const held = permitRule({ id: "held", scopes: "any", calls: { tools: ["read_file"] }, approval: APPROVAL });
    const { call, organization } = await start({}, { rules: [held, shorter] });
    await call();
    const [waiting] = await deskOf(organization).list();
    expect((waiting?.expiresAtMilliseconds ?? 0) - (waiting?.askedAtMilliseconds ?? 0)).toBe(30_000);
    expect(waiting?.call.demands.map(({ rule }) => rule)).toEqual(["held", "shorter"]);
  });
});

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("what lies on the desk", () => {
  it("has names of the arguments and the digest of all that is approved, and not the arguments", async () => {
    stubUpstream();
    const { call, organization } = await start();
    await call({ arguments: { path: "/very/secret", mode: "r" } });
    const [waiting] = await deskOf(organization).list();
    expect(waiting?.call).toMatchObject({ argumentNames: ["mode", "path"], sealedCall: null, tool: "read_file" });
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode('{"params":{"arguments":{"mode":"r","path":"/very/secret"},"name":"read_file"}}'),
    );
    expect(waiting?.call.callSha256).toBe(new Uint8Array(digest).toHex());
    expect(JSON.stringify(waiting)).not.toContain("/very/secret");
  });

  it("has them sealed where every rule shows them, and none that nobody would read to the end", async () => {
    const upstream = stubUpstream();
    const { gateway, call, organization } = await start({ show_arguments: true });
    await call({ arguments: { path: "/very/secret" } });
    const [waiting] = await deskOf(organization).list();
    expect(JSON.stringify(waiting)).not.toContain("/very/secret");
    const { shownArguments } = gateway.dependencies;
    const sealed = waiting?.call.sealedCall ?? "";
    expect(await shownArguments.open(sealed, waiting?.key ?? "")).toBe(
      '{"params":{"arguments":{"path":"/very/secret"},"name":"read_file"}}',
    );
    const long = await call({ arguments: { path: "x".repeat(LIMITS.approvalArgumentsCharacters) } });
    expect([long.status, upstream.sent.length]).toEqual([413, 0]);
    expect(await deskOf(organization).list()).toHaveLength(1);
  });

  it("shows whoever decides all that goes to the server: what is beside the arguments too", async () => {
    stubUpstream();
    const { gateway, call, organization } = await start({ show_arguments: true });
    const task = { ttl: 60_000 };
    const _meta = { progressToken: 7, traceparent: TRACEPARENT, tracestate: "a=b", "example.com/account": "other" };
    await call({ arguments: {}, task, _meta }, { headers: { "mcp-param-to": "bob" } });
    const [waiting] = await deskOf(organization).list();
    const text = await gateway.dependencies.shownArguments.open(waiting?.call.sealedCall ?? "", waiting?.key ?? "");
    expect(JSON.parse(text ?? "")).toEqual({
      headers: { "mcp-param-to": "bob" },
      params: { name: "read_file", arguments: {}, task, _meta: { "example.com/account": "other" } },
    });
  });

  it("shows what is only called a token or a trace: a server may read it", async () => {
    stubUpstream();
    const { gateway, call, organization } = await start({ show_arguments: true });
    const _meta = { progressToken: { account: "other" }, traceparent: "00-1", tracestate: ["a=b"] };
    await call({ arguments: {}, _meta });
    const [waiting] = await deskOf(organization).list();
    const text = await gateway.dependencies.shownArguments.open(waiting?.call.sealedCall ?? "", waiting?.key ?? "");
    expect(JSON.parse(text ?? "")).toMatchObject({ params: { _meta } });
  });

  it("has none where one of several rules does not show them", async () => {
    stubUpstream();
    const rule = (id: string, show_arguments: boolean) =>
      permitRule({ id, scopes: "any", calls: { tools: ["read_file"] }, approval: { ...APPROVAL, show_arguments } });
    const { call, organization } = await start({}, { rules: [rule("keeps", false), rule("shows", true)] });
    await call({ arguments: { path: "/very/secret" } });
    expect((await deskOf(organization).list())[0]?.call.sealedCall).toBeNull();
  });
});

describe("a client that leads its user to URLs", () => {
  const meta = statelessMeta({ elicitation: { url: {} } });

  it("is asked to in the stateless era, once, and brings back a state of ours that the server never sees", async () => {
    const upstream = stubUpstream();
    const { gateway, call, decide } = await start();
    const params = { arguments: { path: "/a" }, _meta: meta };
    const asked = resultOf((await call(params, { headers: STATELESS })).text);
    expect(asked).toMatchObject({
      resultType: "input_required",
      inputRequests: { crossgate_approval: { method: "elicitation/create", params: { mode: "url" } } },
      requestState: expect.stringMatching(/^crossgate-held-1\./),
    });
    const answers = {
      requestState: asked["requestState"],
      inputResponses: { crossgate_approval: { action: "accept" } },
    };
    const still = resultOf((await call({ ...params, ...answers }, { headers: STATELESS })).text);
    expect(still).toMatchObject({ resultType: "complete", isError: true });
    const id = await decide();
    expect(JSON.stringify(asked)).toContain(`"url":"${gateway.dependencies.issuer}/approvals/${id}"`);
    expect(resultOf((await call({ ...params, ...answers }, { headers: STATELESS })).text)).toEqual({ content: [] });
    expect(JSON.parse(upstream.sent[0]?.body ?? "")).toEqual({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: { name: "read_file", ...params },
    });
  });

  it("brings the server its own state of another round untouched, held or not", async () => {
    const upstream = stubUpstream();
    const { call, decide } = await start();
    const round = { requestState: "opaque~state", inputResponses: { name: { action: "accept", content: { a: "b" } } } };
    const params = { _meta: meta, ...round };
    const asked = resultOf((await call(params, { headers: STATELESS })).text);
    await decide();
    const answers = {
      requestState: asked["requestState"],
      inputResponses: { crossgate_approval: { action: "accept" } },
    };
    await call({ _meta: meta, ...answers }, { headers: STATELESS });
    expect(JSON.parse(upstream.sent[0]?.body ?? "").params).toEqual({ name: "read_file", _meta: meta, ...round });
  });

  it("is told in the era of sessions by the error for that, where its session began so", async () => {
    stubUpstream(({ body }) => {
      const { id } = JSON.parse(body ?? "{}") as { id?: unknown };
      return Response.json({ jsonrpc: "2.0", id, result: {} }, { headers: { "mcp-session-id": "upstream-1" } });
    });
    const { gateway, call, decide, token } = await start();
    const begin = async (capabilities: Members): Promise<string> => {
      const message = { jsonrpc: "2.0", id: 1, method: "initialize", params: { capabilities } };
      return (await gateway.call({ message, token: await token() })).headers.get("mcp-session-id") ?? "";
    };
    const taking = await begin({ elicitation: { url: {} } });
    const held = JSON.parse((await call({}, { headers: { "mcp-session-id": taking } })).text);
    const id = await decide();
    expect(held).toMatchObject({
      id: 7,
      error: { code: -32_042, data: { elicitations: [{ mode: "url", elicitationId: id }] } },
    });
    expect(held.error.data.elicitations[0].url).toContain(`/approvals/${id}`);
    await call({}, { headers: { "mcp-session-id": taking } });
    const other = await begin({ elicitation: {} });
    const asTool = await call({}, { headers: { "mcp-session-id": other } });
    expect(resultOf(asTool.text)).toMatchObject({ isError: true });
  });

  it.each<[string, Members]>([
    ["nothing", {}],
    ["forms alone", { elicitation: { form: {} } }],
    ["elicitation alone", { elicitation: {} }],
  ])("has said so: one that declares %s hears it from the tool", async (_what, capabilities) => {
    stubUpstream();
    const { call } = await start();
    const result = resultOf((await call({ _meta: statelessMeta(capabilities) }, { headers: STATELESS })).text);
    expect(result).toMatchObject({ resultType: "complete", isError: true });
  });
});

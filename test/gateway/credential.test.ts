import { describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { CredentialRefused } from "../../src/credentials/credential-refused.ts";
import type { CredentialAsked, SuppliedCredential } from "../../src/credentials/supplied.ts";
import type { GatewayDependencies } from "../../src/gateway/gateway.ts";
import { CROSSGATE, permitRule, RESOURCE } from "../support/documents.ts";
import { answerResult, reasonsOf, type Sent, stubUpstream, TestGateway } from "../support/gateway.ts";

function supplied(headers: Readonly<Record<string, string>>): SuppliedCredential {
  return {
    headers: new Map(Object.entries(headers)),
    facts: { type: "secret", upstreamHost: "files.example.net", kid: "kek-1" },
  };
}

/** Answers with each of these in turn, and the last from then on. */
function supplying(...credentials: readonly SuppliedCredential[]) {
  let at = 0;
  return vi.fn(async (_asked: CredentialAsked) => credentials[Math.min(at++, credentials.length - 1)] ?? supplied({}));
}

const OURS = supplied({ authorization: "Bearer ours" });
const NEXT = supplied({ authorization: "Bearer next" });

function refuseUnless(wanted: string): (sent: Sent) => Response {
  return (sent) =>
    sent.headers.get("authorization") === wanted ? answerResult(sent) : new Response(null, { status: 401 });
}

describe("the credential of a call", () => {
  it("is what the supplier says, and the caller's own is nowhere", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ overrides: { supplyCredential: supplying(OURS) } });
    const token = await gateway.token();
    expect((await gateway.call({ token })).status).toBe(200);
    expect(upstream.sent.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer ours"]);
    expect(upstream.everything()).not.toContain(token);
  });

  it("is on record by its kind, where it went and the key that it was under, and never itself", async () => {
    stubUpstream();
    const nothing = { ...supplied({}), facts: { type: "none", upstreamHost: "files.example.net", kid: null } } as const;
    const gateway = await TestGateway.start({ overrides: { supplyCredential: supplying(OURS, nothing) } });
    await gateway.call();
    await gateway.call();
    expect(gateway.events.map(({ credential }) => credential)).toEqual([
      { type: "secret", upstream_host: "files.example.net", kid: "kek-1" },
      null,
    ]);
    expect(JSON.stringify(gateway.events)).not.toContain("ours");
  });

  it("never comes from the client, in whatever header it is", async () => {
    const upstream = stubUpstream();
    const key = supplied({ "x-api-key": "ours" });
    const gateway = await TestGateway.start({ overrides: { supplyCredential: supplying(key, supplied({})) } });
    const headers = { "x-api-key": "theirs", "X-API-KEY": "theirs", x_api_key: "theirs" };
    await gateway.call({ headers });
    await gateway.call({ headers });
    expect(upstream.sent.map((sent) => sent.headers.get("x-api-key"))).toEqual(["ours", null]);
    expect(upstream.everything()).not.toContain("theirs");
  });

  it("is asked for by who is calling, as the token says it", async () => {
    stubUpstream();
    const supplyCredential = supplying(OURS);
    const gateway = await TestGateway.start({ overrides: { supplyCredential } });
    const token = await gateway.token({
      groups: ["engineers"],
      email_domain: "acme.example",
      tenant: "t-1",
      act: { sub: "robot" },
      acr: "urn:mfa",
      amr: ["pwd", "otp"],
      auth_time: 1_700_000_000,
    });
    await gateway.call({ token });
    expect(supplyCredential.mock.calls[0]?.[0]).toMatchObject({
      resourceRevision: "revision-1",
      isRefused: false,
      caller: {
        organization: "acme",
        issuer: "https://idp.example.com",
        tenant: "t-1",
        subject: "ada",
        principal: "usr_ada",
        clientId: "agent",
        actor: "robot",
        emailDomain: "acme.example",
        groups: ["engineers"],
        scope: ["files:read"],
        acr: "urn:mfa",
        amr: ["pwd", "otp"],
        authTimeSeconds: 1_700_000_000,
      },
    });
  });

  it.each([
    ["the token is not good", { token: "a.b.c" }],
    ["policy denies the call", { message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "rm" } } }],
    ["the session is unknown", { headers: { "mcp-session-id": "made-up" } }],
    ["headers and body disagree", { headers: { "mcp-method": "tools/list" } }],
  ])("is not looked for where %s", async (_name, changes) => {
    const upstream = stubUpstream();
    const supplyCredential = supplying(OURS);
    const gateway = await TestGateway.start({ overrides: { supplyCredential } });
    expect((await gateway.call(changes)).status).toBeGreaterThanOrEqual(400);
    expect(supplyCredential).not.toHaveBeenCalled();
    expect(upstream.sent).toHaveLength(0);
  });

  it("is not looked for once the caller has been revoked, nor sent when he was while it was looked for", async () => {
    const upstream = stubUpstream();
    const supplyCredential = supplying(OURS);
    const looks = [false, true];
    const isRevoked = async (): Promise<boolean> => looks.shift() ?? true;
    const before = await TestGateway.start({ overrides: { supplyCredential, isRevoked } });
    expect((await before.call()).status).toBe(401);
    expect(supplyCredential).not.toHaveBeenCalled();
    looks.push(false, false, true);
    expect((await before.call()).status).toBe(401);
    expect(supplyCredential).toHaveBeenCalledTimes(1);
    expect(upstream.sent).toHaveLength(0);
  });

  it("is not sent when the token has run out while it was looked for", async () => {
    const upstream = stubUpstream();
    vi.useFakeTimers({ toFake: ["Date"] });
    const slow = async (): Promise<SuppliedCredential> => {
      vi.setSystemTime(Date.now() + 301_000);
      return OURS;
    };
    const gateway = await TestGateway.start({ overrides: { supplyCredential: slow } });
    expect((await gateway.call()).status).toBe(401);
    vi.useRealTimers();
    expect(reasonsOf(gateway)).toEqual(["token_expired"]);
    expect(upstream.sent).toHaveLength(0);
  });
});

describe("a call without a credential to be had", () => {
  it.each([
    [new CredentialRefused("connection_required"), 200, "refused"],
    [new CredentialRefused("credential_absent"), 502, "failed"],
    [new Outage("vault_unavailable"), 503, "failed"],
    [new Outage("vault_keys_unavailable"), 503, "failed"],
  ] as const)("goes nowhere, and its record says why: %s", async (error, status, decision) => {
    const upstream = stubUpstream();
    const supplyCredential = (): Promise<never> => Promise.reject(error);
    const gateway = await TestGateway.start({ overrides: { supplyCredential } });
    const answered = await gateway.call();
    expect([answered.status, answered.challenge]).toEqual([status, null]);
    expect(gateway.events).toMatchObject([{ decision, reason: error.reason, upstream_status: null }]);
    expect(upstream.sent).toHaveLength(0);
  });
});

describe("a credential that the upstream refuses", () => {
  it("is replaced once, where there is another", async () => {
    const upstream = stubUpstream(refuseUnless("Bearer next"));
    const supplyCredential = supplying(OURS, NEXT);
    const gateway = await TestGateway.start({ overrides: { supplyCredential } });
    expect((await gateway.call()).status).toBe(200);
    expect(upstream.sent.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer ours", "Bearer next"]);
    expect(new Set(upstream.sent.map(({ body }) => body)).size).toBe(1);
    expect(supplyCredential.mock.calls.map(([{ isRefused }]) => isRefused)).toEqual([false, true]);
    expect(gateway.events).toMatchObject([{ decision: "granted", upstream_status: 200 }]);
  });

  it("is not sent again where there is no other, and never more than twice", async () => {
    const upstream = stubUpstream(refuseUnless("Bearer other"));
    const gateway = await TestGateway.start({ overrides: { supplyCredential: supplying(OURS) } });
    expect((await gateway.call()).status).toBe(502);
    expect(upstream.sent).toHaveLength(1);
    const twice = await TestGateway.start({ overrides: { supplyCredential: supplying(OURS, NEXT, OURS) } });
    expect((await twice.call()).status).toBe(502);
    expect(upstream.sent).toHaveLength(3);
    expect(twice.events).toMatchObject([{ reason: "upstream_refused", upstream_status: 401 }]);
  });

  it("is not replaced for a sign-in that is too weak, and the client is told what would help", async () => {
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="canary"';
    const upstream = stubUpstream(
      () => new Response(null, { status: 401, headers: { "www-authenticate": challenge } }),
    );
    const gateway = await TestGateway.start({ overrides: { supplyCredential: supplying(OURS, NEXT) } });
    const response = await gateway.call();
    expect([response.status, response.headers.get("www-authenticate"), upstream.sent.length]).toEqual([403, null, 1]);
    expect(response.text).toContain("connect your account");
    expect(response.text).not.toContain("canary");
    expect(gateway.events).toMatchObject([{ reason: "upstream_authentication_insufficient", upstream_status: 401 }]);
  });

  it.each([403, 407, 500, 302])("is not replaced for a %i, which says nothing of it", async (status) => {
    const upstream = stubUpstream(() => new Response(null, { status }));
    const supplyCredential = supplying(OURS, NEXT);
    const gateway = await TestGateway.start({ overrides: { supplyCredential } });
    await gateway.call();
    expect([upstream.sent.length, supplyCredential.mock.calls.length]).toEqual([1, 1]);
  });

  it("is nothing to replace where there was none", async () => {
    const upstream = stubUpstream(() => new Response(null, { status: 401 }));
    const supplyCredential = supplying(supplied({}), NEXT);
    const rules = [permitRule({ clients: "any", resources: "any", scopes: "any" })];
    const gateway = await TestGateway.start({ rules, overrides: { supplyCredential } });
    expect((await gateway.call()).status).toBe(502);
    expect([upstream.sent.length, supplyCredential.mock.calls.length]).toEqual([1, 1]);
  });

  it("is not replaced once the caller has been revoked", async () => {
    const upstream = stubUpstream(refuseUnless("Bearer next"));
    const looks = [false, false, false];
    const gateway = await TestGateway.start({
      overrides: { supplyCredential: supplying(OURS, NEXT), isRevoked: async () => looks.shift() ?? true },
    });
    expect((await gateway.call()).status).toBe(401);
    expect(upstream.sent).toHaveLength(1);
  });
});

describe("a caller whose account has to be connected", () => {
  const disconnected = (reason: "connection_required" | "connection_lost" | "credential_absent") => ({
    supplyCredential: vi.fn<GatewayDependencies["supplyCredential"]>(async () => {
      throw new CredentialRefused(reason);
    }),
  });

  it.each(["connection_required", "connection_lost"] as const)(
    "has the address made for them in the tool's result, and on record why: %s",
    async (reason) => {
      const gateway = await TestGateway.start({ overrides: disconnected(reason) });
      const { status, text } = await gateway.call();
      expect(status).toBe(200);
      const { result } = JSON.parse(text) as { result: { isError: boolean; content: { text: string }[] } };
      expect(result.isError).toBe(true);
      expect(result.content[0]?.text).toContain(`${CROSSGATE}/connect?link=for-usr_`);
      expect(gateway.events).toMatchObject([{ decision: "refused", reason }]);
    },
  );

  it("has no address where connecting would mend nothing", async () => {
    const gateway = await TestGateway.start({ overrides: disconnected("credential_absent") });
    const { status, text } = await gateway.call();
    expect(status).toBe(502);
    expect(text).not.toContain("/connect");
  });

  it("has an error without a message to answer, as of a GET", async () => {
    const gateway = await TestGateway.start({ overrides: disconnected("connection_required") });
    expect((await gateway.call({ method: "GET" })).status).toBe(403);
  });

  it("is told in their session as they said at its beginning", async () => {
    const opened = { ...disconnected("connection_required") };
    const gateway = await TestGateway.start({ overrides: opened });
    const params = { protocolVersion: "2025-11-25", capabilities: { elicitation: { url: {} } } };
    const message = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    expect((await gateway.call({ message })).errorCode).toBe(-32_042);
    const ada = { upstreamId: "upstream-1", takesUrls: true };
    const holder = { principal: "usr_ada", clientId: "agent", resource: RESOURCE };
    const id = (await gateway.dependencies.sessions.issue(ada, holder)) ?? "";
    expect((await gateway.call({ headers: { "mcp-session-id": id } })).errorCode).toBe(-32_042);
  });
});

import { applyD1Migrations, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { TestAdmin } from "../support/admin.ts";
import { sinkDocument } from "../support/documents.ts";
import { Receivers, TestSink } from "../support/sinks.ts";
import { makeDpopKey, makeProof } from "../support/dpop.ts";
import { deployedLedgers, recordedEvents } from "../support/ledgers.ts";
import { startIsolate } from "../support/services.ts";
import {
  CLIENT_ASSERTION_TYPE,
  digestSecret,
  nowInSeconds,
  type RequestChanges,
  Tenant,
  TOKEN_ENDPOINT,
  type TokenAnswer,
} from "../support/tenant.ts";

/**
 * J05, promise 5: no secret, no token, no assertion and no claim that nobody needs comes out anywhere but where it
 * belongs. Every request below carries canaries in every place that a request has; every answer, every audit row in
 * the index and in the archive, and every line of the log is searched for them.
 */
let serial = 0;
const canaries = new Set<string>();

/** A text that occurs nowhere else. */
function canary(kind: string): string {
  serial += 1;
  const text = `canary-${kind}-${serial}-${crypto.randomUUID()}`;
  canaries.add(text);
  return text;
}

/** A compact JWT gives itself away by any of its parts. */
function plantJwt(token: string): string {
  const [, payload = "", signature = ""] = token.split(".");
  canaries.add(payload);
  if (signature !== "") canaries.add(signature);
  return token;
}

const answers: TokenAnswer[] = [];
const tokens: string[] = [];
const logged: string[] = [];
let tenant: Tenant;

async function send(changes: RequestChanges): Promise<TokenAnswer> {
  const request = await tenant.request({
    ...changes,
    headers: { "user-agent": canary("agent"), referer: `https://${canary("referer")}.example`, ...changes.headers },
  });
  request.headers.set("x-canary", canary("header"));
  const answer = await isolate.redeem(request);
  answers.push(answer);
  return answer;
}

const isolate = startIsolate();

function assertionWithCanaries(claims: Readonly<Record<string, unknown>> = {}, header = {}): Promise<string> {
  const personal = {
    email: `${canary("email")}@example.com`,
    name: canary("name"),
    groups: [canary("group")],
    phone_number: canary("phone"),
    jti: canary("jti"),
    [canary("claim")]: canary("value"),
  };
  return tenant.assertion({ ...personal, ...claims }, { header }).then(plantJwt);
}

/** Each a way of being refused, or granted, with canaries where the input is. */
const REQUESTS: readonly (readonly [string, () => Promise<RequestChanges>])[] = [
  ["a grant", async () => ({ form: { assertion: await assertionWithCanaries() } })],
  [
    "an unknown issuer",
    async () => ({ form: { assertion: await assertionWithCanaries({ iss: `https://${canary("iss")}.example` }) } }),
  ],
  ["a wrong audience", async () => ({ form: { assertion: await assertionWithCanaries({ aud: canary("aud") }) } })],
  [
    "another client's",
    async () => ({ form: { assertion: await assertionWithCanaries({ client_id: canary("client") }) } }),
  ],
  ["an unknown key", async () => ({ form: { assertion: await assertionWithCanaries({}, { kid: canary("kid") }) } })],
  ["an unknown type", async () => ({ form: { assertion: await assertionWithCanaries({}, { typ: canary("typ") }) } })],
  [
    "an unknown algorithm",
    async () => ({ form: { assertion: await assertionWithCanaries({}, { alg: canary("alg").slice(0, 60) }) } }),
  ],
  [
    "an unbound tenant",
    async () => ({ form: { assertion: await assertionWithCanaries({ aud_tenant: canary("tenant") }) } }),
  ],
  [
    "a foreign resource",
    async () => ({
      form: { assertion: await assertionWithCanaries({ resource: `https://${canary("resource")}.example` }) },
    }),
  ],
  ["no JWT", async () => ({ form: { assertion: canary("assertion") } })],
  ["a half JWT", async () => ({ form: { assertion: (await assertionWithCanaries()).slice(0, -20) } })],
  ["an unknown scope", async () => ({ form: { assertion: await assertionWithCanaries(), scope: canary("scope") } })],
  [
    "a scope among others",
    async () => ({ form: { assertion: await assertionWithCanaries(), scope: `files:read ${canary("scope")}` } }),
  ],
  [
    "an unknown resource",
    async () => ({
      form: { assertion: await assertionWithCanaries(), resource: `https://${canary("resource")}.example` },
    }),
  ],
  [
    "authorization details",
    async () => ({ form: { assertion: await assertionWithCanaries(), authorization_details: canary("details") } }),
  ],
  ["an unknown grant", async () => ({ form: { grant_type: canary("grant") } })],
  [
    "an unknown parameter",
    async () => ({ form: { assertion: await assertionWithCanaries(), [canary("parameter")]: canary("value") } }),
  ],
  [
    "a wrong secret",
    async () => ({ headers: { authorization: `Basic ${btoa(`${tenant.clientId}:${canary("secret")}`)}` } }),
  ],
  [
    "an unknown client",
    async () => ({ headers: { authorization: `Basic ${btoa(`${canary("id")}:${canary("secret")}`)}` } }),
  ],
  ["a bearer token", async () => ({ headers: { authorization: `Bearer ${canary("bearer")}` } })],
  [
    "a secret in the form",
    async () => ({
      headers: { authorization: undefined },
      form: { client_id: tenant.clientId, client_secret: canary("secret") },
    }),
  ],
  ["a client assertion", async () => byClientAssertion(await tenant.clientAssertion({ jti: canary("jti") }))],
  ["a bad client assertion", async () => byClientAssertion(await tenant.clientAssertion({ aud: canary("aud") }))],
  ["a broken form", async () => ({ body: `${canary("form")}=%` })],
  ["a form that repeats itself", async () => ({ body: `a=${canary("form")}&a=${canary("form")}` })],
  ["a web form", async () => ({ headers: { "content-type": canary("type") }, body: canary("body") })],
  ["a broken proof", async () => ({ headers: { dpop: canary("proof") } })],
  [
    "a proof",
    async () => ({
      headers: {
        dpop: plantJwt(
          await makeProof(await makeDpopKey(), nowInSeconds(), {
            claims: { htu: TOKEN_ENDPOINT, jti: canary("jti"), nonce: canary("nonce") },
          }),
        ),
      },
    }),
  ],
];

function byClientAssertion(clientAssertion: string): RequestChanges {
  const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: plantJwt(clientAssertion) };
  return { headers: { authorization: undefined }, form };
}

beforeAll(async () => {
  const spies = (["debug", "error", "info", "log", "trace", "warn"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((...args: unknown[]) => void logged.push(args.map(String).join(" "))),
  );
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  tenant = await Tenant.settle();
  canaries
    .add(tenant.secret)
    .add(tenant.basic.slice("Basic ".length))
    .add(await digestSecret(tenant.secret));
  canaries.add(env.CLIENT_SECRET_PEPPER).add(env.STATE_SECRET);
  for (const { d } of (JSON.parse(env.SIGNING_KEYS) as { keys: { d: string }[] }).keys) canaries.add(d);
  return () => spies.forEach((spy) => spy.mockRestore());
});

beforeEach(() => {
  isolate.logged.length = 0;
});

/** The canaries that occur in a text, by their kind. */
function found(text: string): readonly string[] {
  return [...canaries].filter((each) => text.includes(each));
}

describe.each(REQUESTS)("%s", (_name, make) => {
  it("comes back to the client in nothing", async () => {
    const { status, headers, text, body } = await send(await make());
    expect(status).toBeLessThan(500);
    expect(found(JSON.stringify([...headers]))).toEqual([]);
    expect(found(text)).toEqual([]);
    if (typeof body["access_token"] === "string") tokens.push(body["access_token"]);
  });
});

describe("a fault and an outage", () => {
  it.each(["findPolicy", "findIdp", "findKey", "signAccessToken", "consumeProof"] as const)(
    "of %s tells nothing of what it choked on",
    async (name) => {
      const spy = vi.spyOn(isolate.services.token.redemption, name).mockRejectedValue(new Error(canary("message")));
      const dpop = await makeProof(await makeDpopKey(), nowInSeconds(), {
        claims: { htu: TOKEN_ENDPOINT, nonce: await nonce() },
      });
      const { status, headers, text } = await send({
        form: { assertion: await assertionWithCanaries() },
        headers: { dpop },
      });
      spy.mockRestore();
      expect(status).toBe(500);
      expect(found(JSON.stringify([...headers]) + text)).toEqual([]);
      expect(isolate.logged.map(({ event }) => event)).toEqual(["fault", "request_refused"]);
      expect(found(JSON.stringify(isolate.logged))).toEqual([]);
    },
  );
});

/** A request at any other door, with canaries wherever it has room for them. */
async function knock(
  path: string,
  init: Omit<RequestInit, "headers"> & { headers?: Readonly<Record<string, string>> },
) {
  const headers = { "user-agent": canary("agent"), "x-canary": canary("header"), ...init.headers };
  const response = await exports.default.fetch(new Request(`${env.ISSUER}${path}`, { ...init, headers }));
  return { status: response.status, said: `${JSON.stringify([...response.headers])} ${await response.text()}` };
}

const call = (name: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: { password: canary("argument"), [canary("member")]: canary("value") } },
});
const JSON_TYPE = { "content-type": "application/json", accept: "application/json, text/event-stream" };

const DOORS: readonly (readonly [string, () => Promise<{ readonly status: number; readonly said: string }>])[] = [
  [
    "revocation",
    () =>
      knock("/revoke", {
        method: "POST",
        body: new URLSearchParams({ token: canary("token"), [canary("p")]: canary("v") }),
      }),
  ],
  [
    "revocation by a client of ours",
    () =>
      knock("/revoke", {
        method: "POST",
        headers: { authorization: tenant.basic },
        body: new URLSearchParams({ token: canary("token"), token_type_hint: canary("hint") }),
      }),
  ],
  [
    "introspection",
    () => knock("/introspect", { method: "POST", body: new URLSearchParams({ token: canary("token") }) }),
  ],
  [
    "signals",
    () => knock("/signals", { method: "POST", headers: { authorization: canary("stream") }, body: canary("set") }),
  ],
  [
    "the gateway, by nobody",
    () =>
      knock(new URL(tenant.resource).pathname, {
        method: "POST",
        headers: { ...JSON_TYPE, authorization: `Bearer ${canary("bearer")}`, cookie: canary("cookie") },
        body: JSON.stringify(call("read_file")),
      }),
  ],
  [
    "the gateway, by a caller with a token",
    () =>
      knock(new URL(tenant.resource).pathname, {
        method: "POST",
        headers: { ...JSON_TYPE, authorization: `Bearer ${tokens[0] ?? ""}`, "mcp-protocol-version": "2025-11-25" },
        body: JSON.stringify(call("read_file")),
      }),
  ],
  [
    "the admin API, by nobody",
    () => knock("/admin/v1/status", { headers: { authorization: `Crossgate-Admin ${canary("jwt")}` } }),
  ],
  ["a path of nobody's", () => knock(`/${canary("path")}?token=${canary("query")}`, {})],
];

describe.each(DOORS)("%s", (_name, make) => {
  it("says nothing of what it was told", async () => {
    const { status, said } = await make();
    expect(status).not.toBe(500);
    expect(found(said)).toEqual([]);
  });
});

describe("an administrator", () => {
  it("is told of his own mistake nothing that he wrote as a secret, and nobody else is", async () => {
    const admin = await TestAdmin.appoint("operator");
    const name = crypto.randomUUID();
    const put = (path: string, body: string) =>
      admin.call(path, { method: "PUT", body, headers: { "if-none-match": "*" } });
    const refusals = [
      await put(`/admin/v1/documents/sink/${name}`, JSON.stringify(sinkDocument({ name, secret: canary("secret") }))),
      await put(
        `/admin/v1/documents/client/${name}`,
        JSON.stringify({ client_id: name, secret_digests: canary("digest") }),
      ),
      await put(`/admin/v1/documents/policy/${name}`, canary("no JSON")),
      await admin.call("/admin/v1/audit-records?text=%2A%2A%2A", { headers: { "x-canary": canary("header") } }),
      await admin.call("/admin/v1/revocations", {
        method: "POST",
        body: JSON.stringify({ what: { kind: canary("kind") } }),
      }),
    ];
    for (const { status, text } of refusals) {
      expect([400, 422]).toContain(status);
      expect(found(text)).toEqual([]);
    }
    await env.TRUST_AND_POLICY.put(`policy:${name}`, JSON.stringify({ organization: name, rules: [canary("rule")] }));
    expect(found((await admin.call("/admin/v1/status")).text + (await admin.call("/admin/v1/health")).text)).toEqual(
      [],
    );
  });
});

async function nonce(): Promise<string> {
  return isolate.services.token.currentNonce(nowInSeconds());
}

afterAll(() => {
  vi.restoreAllMocks();
});

describe("afterwards", () => {
  it("there is a token, and records of every authenticated request, to search", async () => {
    expect(tokens.length).toBeGreaterThanOrEqual(3);
    for (const token of tokens) plantJwt(token);
    expect((await recordedEvents(tenant.clientId)).length).toBeGreaterThan(20);
  });

  it("nothing is in the ledgers", async () => {
    expect(found(JSON.stringify(await recordedEvents(tenant.clientId)))).toEqual([]);
  });

  it("nothing is in the index or in the archive", { timeout: 30_000 }, async () => {
    const expected = (await recordedEvents(tenant.clientId)).length;
    for (const ledger of deployedLedgers()) await runDurableObjectAlarm(ledger);
    const rows = await vi.waitFor(
      async () => {
        const query = "SELECT * FROM audit_event WHERE client_id = ?";
        const { results } = await env.AUDIT_INDEX.prepare(query).bind(tenant.clientId).all();
        expect(results).toHaveLength(expected);
        return results;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(found(JSON.stringify(rows))).toEqual([]);
    const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: "events/" });
    expect(objects.length).toBeGreaterThan(0);
    for (const { key } of objects) {
      const text = await (await env.AUDIT_ARCHIVE.get(key))?.text();
      expect(found(`${key} ${text ?? ""}`)).toEqual([]);
    }
  });

  it("nothing is in what sinks are sent, and no secret of theirs is anywhere but in its header", async () => {
    const chains = await Promise.all(deployedLedgers().map(async (ledger) => ledger.status()));
    const heads = chains.map(({ chain, archivedHead }) => ({ chain, sequence: 0, hash: null, ...archivedHead }));
    const receivers = new Receivers();
    const sinks = [
      await new TestSink().write(),
      await new TestSink().write({
        type: "splunk_hec",
        url: "https://splunk.example.net:8088/x",
        secret: "SPLUNK",
        format: "ocsf",
      }),
      await new TestSink().write({ type: "otlp", url: "https://otlp.example.net/v1/logs", secret: "OTLP" }),
      await new TestSink().write({ type: "otlp_traces", url: "https://otlp.example.net/v1/traces", secret: "OTLP" }),
      await new TestSink().write({ type: "otlp_metrics", url: "https://otlp.example.net/v1/metrics", secret: "OTLP" }),
    ];
    const secrets = [
      "the-webhook-secret",
      btoa("the-webhook-secret-of-the-tests!"),
      "5p1unk",
      "the-token-of-the-collector",
    ];
    for (const sink of sinks) {
      await sink.stub.meet(sink.name, heads);
      await vi.waitFor(async () => {
        await sink.run();
        expect((await sink.stub.status()).delivered).toBeGreaterThan(20);
      });
    }
    expect(new Set(receivers.taken.map(({ host }) => host)).size).toBe(3);
    const sent = receivers.taken.map(({ body }) => body).join("\n");
    expect(sent).toContain('"resourceSpans"');
    expect(sent).toContain('"crossgate.request.duration"');
    expect(found(sent)).toEqual([]);
    // What is wrong with a sink is told by name.
    receivers.answer = () => new Response(canary("answer"), { status: 400 });
    const failing = await new TestSink().write();
    await failing.stub.meet(failing.name, heads);
    await vi.waitFor(async () => {
      await failing.run(1);
      expect((await failing.stub.status()).failures).toBeGreaterThan(0);
    });
    // Or it would try again when nobody listens any more.
    for (const { name } of [...sinks, failing]) await env.TRUST_AND_POLICY.delete(`sink:${name}`);
    const statuses = JSON.stringify(await Promise.all([...sinks, failing].map(({ stub }) => stub.status())));
    expect(found(statuses)).toEqual([]);
    for (const secret of secrets) expect(`${sent} ${statuses} ${logged.join(" ")}`).not.toContain(secret);
  });

  it("nothing is on the log [JAG-R-54, EMA-13]", () => {
    expect(found(logged.join("\n"))).toEqual([]);
  });

  // A search that finds nothing proves something only when it can find something.
  it("the search would have found each of them", () => {
    expect(canaries.size).toBeGreaterThan(200);
    for (const each of canaries) expect(found(`before ${each} after`)).toContain(each);
  });
});

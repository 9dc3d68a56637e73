import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { addAccounts } from "../support/accounts.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { type Isolate, namespaceOf, startIsolate } from "../support/services.ts";
import { Tenant, type TenantChanges, type TokenAnswer } from "../support/tenant.ts";

/**
 * §4.1, §4.6, promise 1: whatever is down, the client hears that it is an outage, gets no token, and redeems the very
 * same assertion afterwards. A refusal in its place would make it throw a good assertion away, and would put a replay
 * on record that never was.
 */
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function unreachable(): Promise<never> {
  return Promise.reject(new Error("secret-in-the-error: connection refused"));
}

function overloaded(): Promise<never> {
  return Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true }));
}

function expectOutage({ status, headers, body, text }: TokenAnswer): void {
  expect({ status, error: body["error"] }).toEqual({ status: 503, error: "temporarily_unavailable" });
  expect(headers.get("retry-after")).toBe(String(LIMITS.retryAfterSeconds));
  expect(headers.get("cache-control")).toBe("no-store");
  expect(text).not.toContain("access_token");
  expect(text).not.toContain("secret-in-the-error");
}

const remoteKeys = { idp: { key_set: { jwks_uri: "https://keys.example.com/jwks" } } };

function breakSigner(): Isolate {
  const isolate = startIsolate();
  vi.spyOn(isolate.services.keys, "signer").mockImplementation(unreachable);
  return isolate;
}

interface Outage {
  readonly name: string;
  readonly start: () => Isolate;
  readonly changes?: TenantChanges;
}

const OUTAGES: readonly Outage[] = [
  { name: "the ledger", start: () => startIsolate({ ASSERTION_LEDGER: namespaceOf(unreachable) }) },
  { name: "an overloaded ledger", start: () => startIsolate({ ASSERTION_LEDGER: namespaceOf(overloaded) }) },
  {
    name: "a ledger full of records",
    start: () => startIsolate({ ASSERTION_LEDGER: namespaceOf(async () => "backlogged") }),
  },
  { name: "KV", start: () => startIsolate({ TRUST_AND_POLICY: { get: unreachable } }) },
  {
    name: "the key set object",
    start: () => startIsolate({ ISSUER_KEY_SET: namespaceOf(unreachable) }),
    changes: remoteKeys,
  },
  { name: "the signer", start: breakSigner },
];

describe("an outage of", () => {
  it.each(OUTAGES)("$name is told as one, and the assertion is good afterwards", async ({ start, changes }) => {
    const tenant = await Tenant.settle(changes);
    const assertion = await tenant.assertion();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expectOutage(await start().redeem(await tenant.request({ form: { assertion } })));
    }
    serveKeysOf(tenant);
    const healthy = startIsolate();
    expect((await healthy.redeem(await tenant.request({ form: { assertion } }))).status).toBe(200);
    const again = await healthy.redeem(await tenant.request({ form: { assertion } }));
    expect(again.body["error"]).toBe("invalid_grant");
  });

  it.each(OUTAGES)("$name is no refusal on record, and no grant", async ({ start, changes }) => {
    const tenant = await Tenant.settle(changes);
    await start().redeem(await tenant.request());
    const decisions = (await recordedEvents(tenant.clientId)).map(({ decision }) => decision);
    expect(decisions.filter((decision) => decision !== "failed")).toEqual([]);
  });

  it.each(OUTAGES.slice(0, 3))("$name says so for a replay as well", async ({ start }) => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion();
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    expectOutage(await start().redeem(await tenant.request({ form: { assertion } })));
  });

  // Otherwise a client could be refused without a trace.
  it.each(OUTAGES.slice(0, 3))("$name takes the place of a refusal that cannot be put on record", async ({ start }) => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion({ aud: "https://elsewhere.example.com" });
    expectOutage(await start().redeem(await tenant.request({ form: { assertion } })));
    const refused = await startIsolate().redeem(await tenant.request({ form: { assertion } }));
    expect(refused.body["error"]).toBe("invalid_grant");
  });
});

describe("an outage of the account directory", () => {
  it("is told as one where a subject needs an account, and nowhere else, and spends nothing", async () => {
    const strict = await Tenant.settle({ idp: { subject_resolution: { mode: "strict", by: ["aud_sub"] } } });
    const automatic = await Tenant.settle();
    await addAccounts(strict.organization, { account: "ada" });
    const assertion = await strict.assertion({ aud_sub: "ada" });
    const broken = startIsolate({ ACCOUNT_DIRECTORY: namespaceOf(unreachable) });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expectOutage(await broken.redeem(await strict.request({ form: { assertion } })));
    }
    expect((await broken.redeem(await automatic.request())).status).toBe(200);
    expect((await startIsolate().redeem(await strict.request({ form: { assertion } }))).status).toBe(200);
    const decisions = (await recordedEvents(strict.clientId)).map(({ decision, reason }) => [decision, reason]);
    expect(decisions.filter(([decision]) => decision !== "granted")).toEqual([
      ["failed", "accounts_unavailable"],
      ["failed", "accounts_unavailable"],
      ["failed", "accounts_unavailable"],
    ]);
  });
});

/** The only outbound request of a redemption is for a key set: there is no other server to answer it here. */
function serveKeysOf(tenant: Tenant): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json(tenant.idp.jwks));
}

describe("an identity provider whose keys cannot be had", () => {
  it.each<[string, () => Promise<Response>]>([
    ["does not answer", unreachable],
    ["answers 500", async () => new Response("secret-in-the-error", { status: 500 })],
    ["answers with a page", async () => new Response("<html>secret-in-the-error</html>")],
    ["answers with no keys", async () => Response.json({ keys: [] })],
    ["redirects", async () => new Response(null, { status: 302, headers: { location: "https://evil.example/jwks" } })],
  ])("because it %s is an outage, for its own tenants only", async (_name, answer) => {
    // A host of its own, for it may be asked; the clock moves past the back-off.
    vi.useFakeTimers({ toFake: ["Date"] });
    const host = crypto.randomUUID();
    const tenant = await Tenant.settle({ idp: { key_set: { jwks_uri: `https://${host}.example.com/jwks` } } });
    const other = await Tenant.settle();
    const fetches = vi.spyOn(globalThis, "fetch").mockImplementation(answer);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const assertion = await tenant.assertion();
    expectOutage(await tenant.redeem({ form: { assertion } }));
    expect((await other.redeem()).status).toBe(200);
    expect(fetches).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + LIMITS.keySetBackoffMaximumSeconds * 1000);
    serveKeysOf(tenant);
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
  });
});

describe("a document that does not parse", () => {
  it.each(["idp", "client", "resource", "policy"] as const)("(%s) is an outage, and heals", async (kind) => {
    const tenant = await Tenant.settle();
    const names = {
      idp: tenant.idp.issuer,
      client: tenant.clientId,
      resource: tenant.resource,
      policy: tenant.organization,
    };
    const key = `${kind}:${names[kind]}`;
    const good = (await env.TRUST_AND_POLICY.get(key)) ?? "";
    const assertion = await tenant.assertion();
    await env.TRUST_AND_POLICY.put(key, `${good.slice(0, -1)}, "enabled": "secret-in-the-error"}`);
    const isolate = startIsolate();
    expectOutage(await isolate.redeem(await tenant.request({ form: { assertion } })));
    await isolate.settled();
    expect(isolate.logged).toContainEqual(expect.objectContaining({ event: "document_invalid", document: key }));
    expect(JSON.stringify(isolate.logged)).not.toContain("secret-in-the-error");
    await env.TRUST_AND_POLICY.put(key, good);
    expect((await startIsolate().redeem(await tenant.request({ form: { assertion } }))).status).toBe(200);
  });
});

describe("an outage of KV", () => {
  // Its worst in 2025 took 2 h 28 min.
  it("is bridged by the last documents that were read, for a bounded time", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    // The copies at the edge expire by a clock that no test can move: here this isolate has its own and no others.
    vi.spyOn(caches, "open").mockRejectedValue(new Error("no cache"));
    const tenant = await Tenant.settle();
    const documents = { get: env.TRUST_AND_POLICY.get.bind(env.TRUST_AND_POLICY) as () => Promise<unknown> };
    const isolate = startIsolate({ TRUST_AND_POLICY: documents });
    const redeem = async () => isolate.redeem(await tenant.request());
    expect((await redeem()).status).toBe(200);
    documents.get = unreachable;
    vi.setSystemTime(Date.now() + (LIMITS.trustDocumentStaleSeconds - 10) * 1000);
    expect((await redeem()).status).toBe(200);
    vi.setSystemTime(Date.now() + 11_000);
    expectOutage(await redeem());
  });
});

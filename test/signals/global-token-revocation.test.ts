import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { handleGlobalRevocation } from "../../src/signals/global-token-revocation.ts";
import { addAccounts } from "../support/accounts.ts";
import type { Members } from "../support/documents.ts";
import { tokenOf } from "../support/introspection.ts";
import { eventsOfIssuer } from "../support/ledgers.ts";
import { startIsolate } from "../support/services.ts";
import { ISSUER, nowInSeconds, Tenant, type TenantChanges } from "../support/tenant.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

const ENDPOINT = `${ISSUER}/global-token-revocation`;
const ASKED: TenantChanges = { idp: { signals: { global_token_revocation: true } } };
const STRICT: TenantChanges = {
  idp: {
    signals: { global_token_revocation: true },
    email_domains: ["acme.example"],
    subject_resolution: { mode: "strict", by: ["email"] },
  },
};

interface Changes {
  readonly claims?: Members;
  readonly typ?: string;
  readonly key?: TestKey;
  readonly sub_id?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the JSON of `sub_id`. */
  readonly body?: string;
}

function credential(
  tenant: Tenant,
  { claims, typ = "global-token-revocation+jwt", key }: Changes = {},
): Promise<string> {
  const now = nowInSeconds();
  const all = { iss: tenant.idp.issuer, aud: ENDPOINT, jti: crypto.randomUUID(), iat: now, exp: now + 60, ...claims };
  return tenant.idp.sign(all, { header: { typ }, ...(key === undefined ? {} : { key }) });
}

async function makeRequest(tenant: Tenant, changes: Changes = {}): Promise<Request> {
  const subject = { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" };
  return new Request(ENDPOINT, {
    method: "POST",
    body: changes.body ?? JSON.stringify({ sub_id: changes.sub_id ?? subject }),
    headers: {
      authorization: `Bearer ${await credential(tenant, changes)}`,
      "content-type": "application/json",
      ...changes.headers,
    },
  });
}

async function ask(tenant: Tenant, changes: Changes = {}): Promise<number> {
  const answered = await exports.default.fetch(await makeRequest(tenant, changes), env as never);
  expect(await answered.text()).toBe("");
  return answered.status;
}

async function redeem(tenant: Tenant, claims: Members = {}): Promise<number> {
  return (await tenant.redeem({ form: { assertion: await tenant.assertion(claims) } })).status;
}

/** 401 where the gateway takes the token for none; anything else comes from what lies behind it. */
async function callWith(tenant: Tenant, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "nothing/here" });
  const response = await exports.default.fetch(new Request(tenant.resource, { method: "POST", headers, body }));
  await response.text();
  return response.status;
}

afterEach(() => void vi.restoreAllMocks());

// The first of them also waits for the Worker to start.
describe("a provider that ends all that a user has", { timeout: 30_000 }, () => {
  it("ends what is out and what rests on a sign-in before, until the user signs in anew [GTR-01, GTR-02]", async () => {
    const tenant = await Tenant.settle(ASKED);
    const [before, after] = [nowInSeconds() - 10, nowInSeconds() + 20];
    const [token, others] = [await tokenOf(tenant), await tokenOf(tenant, { sub: "user-bob" })];
    expect(await ask(tenant)).toBe(204);
    expect([await callWith(tenant, token), await callWith(tenant, others)]).toEqual([401, 200]);
    expect(await redeem(tenant, { iat: before, exp: before + 300 })).toBe(400);
    expect(await redeem(tenant, { iat: after, exp: after + 200, auth_time: after })).toBe(200);
    const [event] = (await eventsOfIssuer(tenant.idp.issuer)).filter(({ type }) => type === "revocation");
    expect(event).toMatchObject({
      action: "revoked",
      decision: "done",
      reason: "global-token-revocation",
      subject: "user-ada",
    });
  });

  it.each<[string, (tenant: Tenant) => object, number]>([
    ["iss_sub", ({ idp }) => ({ format: "iss_sub", iss: idp.issuer, sub: "user-eve" }), 204],
    ["opaque", () => ({ format: "opaque", id: "user-eve" }), 204],
    ["email", () => ({ format: "email", email: "ada@acme.example" }), 204],
    ["an address that nobody has", () => ({ format: "email", email: "bob@acme.example" }), 404],
    ["an address of others", () => ({ format: "email", email: "ada@other.example" }), 403],
    ["another provider's user", () => ({ format: "iss_sub", iss: "https://other.example", sub: "user-ada" }), 403],
    ["a format that is not known", () => ({ format: "phone_number", phone_number: "+1" }), 400],
    ["a complex subject", () => ({ format: "complex", user: { format: "opaque", id: "user-ada" } }), 400],
    ["no subject", () => ({}), 400],
  ])("names the user by %s: %o [GTR-01, GTR-03, GTR-05]", async (_name, subject, status) => {
    const tenant = await Tenant.settle(STRICT);
    await addAccounts(tenant.organization, { account: "ada", emails: ["ada@acme.example"] });
    const at = nowInSeconds() - 10;
    const ada = { email: "ada@acme.example", iat: at, exp: at + 300 };
    expect(await ask(tenant, { sub_id: subject(tenant) })).toBe(status);
    expect(await redeem(tenant, ada)).toBe(status === 204 && "email" in subject(tenant) ? 400 : 200);
  });

  it("names nobody by an address where its users have no accounts here [GTR-03]", async () => {
    const tenant = await Tenant.settle({ idp: { ...ASKED.idp, email_domains: ["acme.example"] } });
    expect(await ask(tenant, { sub_id: { format: "email", email: "ada@acme.example" } })).toBe(422);
  });

  it.each<[string, Changes, number]>([
    ["with a member too many", { body: '{"sub_id":{"format":"opaque","id":"user-ada"},"all":true}' }, 400],
    [
      "with two subjects",
      { body: '{"sub_id":{"format":"opaque","id":"a"},"sub_id":{"format":"opaque","id":"user-ada"}}' },
      400,
    ],
    ["with no JSON", { body: "sub_id=user-ada" }, 400],
    ["as a form", { headers: { "content-type": "application/x-www-form-urlencoded" } }, 400],
    [
      "beyond its size",
      { body: JSON.stringify({ sub_id: { format: "opaque", id: "user-ada", padding: "x".repeat(20_000) } }) },
      400,
    ],
    ["without a credential", { headers: { authorization: "" } }, 401],
    ["with a password", { headers: { authorization: "Basic eDp5" } }, 401],
    ["with what is no token", { headers: { authorization: "Bearer x" } }, 401],
    ["with a security event", { typ: "secevent+jwt" }, 401],
    ["with an ID-JAG", { typ: "oauth-id-jag+jwt" }, 401],
    ["for another", { claims: { aud: "https://other.example" } }, 401],
    ["for others too", { claims: { aud: [ENDPOINT, "https://other.example"] } }, 401],
    ["of nobody", { claims: { iss: undefined } }, 401],
    ["of another issuer", { claims: { iss: "https://other.example" } }, 401],
    ["without an identifier", { claims: { jti: undefined } }, 401],
    ["that never expires", { claims: { exp: undefined } }, 401],
    ["that is old", { claims: { iat: nowInSeconds() - 200, exp: nowInSeconds() - 100 } }, 401],
    ["that lives for hours", { claims: { exp: nowInSeconds() + 3600 } }, 401],
  ])("%s changes nothing: %o [GTR-01, GTR-03]", async (_name, changes, status) => {
    const tenant = await Tenant.settle(ASKED);
    expect(await ask(tenant, changes)).toBe(status);
    expect(await redeem(tenant)).toBe(200);
  });

  it("by a key that is not its own is nobody [GTR-01]", async () => {
    const tenant = await Tenant.settle(ASKED);
    const key = { ...(await makeTestKey("ES256", "other")), kid: tenant.idp.key.kid };
    expect(await ask(tenant, { key })).toBe(401);
    expect(await redeem(tenant)).toBe(200);
  });

  it.each<[string, TenantChanges, number]>([
    ["whose record does not ask for it", { idp: { signals: {} } }, 401],
    ["whose record is switched off", { idp: { ...ASKED.idp, enabled: false } }, 403],
  ])("%s is not heard [GTR-05]", async (_name, changes, status) => {
    expect(await ask(await Tenant.settle(changes))).toBe(status);
  });

  it("cannot be made to by whoever has seen its request, for another user or later on", async () => {
    const tenant = await Tenant.settle(ASKED);
    const authorization = `Bearer ${await credential(tenant)}`;
    const eve = { format: "opaque", id: "user-eve" };
    expect(await ask(tenant, { sub_id: eve, headers: { authorization } })).toBe(204);
    expect(await ask(tenant, { headers: { authorization } })).toBe(401);
    expect(await ask(tenant, { sub_id: { id: "user-eve", format: "opaque" }, headers: { authorization } })).toBe(401);
    expect(await redeem(tenant)).toBe(200);
  });

  it("says nothing newer by the same request again, which is on record once", async () => {
    const tenant = await Tenant.settle(ASKED);
    const asked = nowInSeconds() - 20;
    const authorization = `Bearer ${await credential(tenant, { claims: { iat: asked, exp: asked + 60 } })}`;
    expect([await ask(tenant, { headers: { authorization } }), await redeem(tenant)]).toEqual([204, 200]);
    expect([await ask(tenant, { headers: { authorization } }), await redeem(tenant)]).toEqual([204, 200]);
    expect(await redeem(tenant, { iat: asked - 1, exp: asked + 200 })).toBe(400);
    const events = (await eventsOfIssuer(tenant.idp.issuer)).filter(({ type }) => type === "revocation");
    expect(events).toHaveLength(1);
  });

  it.each([
    ["its effect", { join: () => Promise.reject(new Outage("revocations_unavailable")) }],
    ["its record", { record: () => Promise.reject(new Outage("ledger_unavailable")) }],
  ])("is answered by the same request again where an outage kept %s from being durable", async (_what, outage) => {
    const tenant = await Tenant.settle(ASKED);
    const { globalRevocation } = startIsolate().services;
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const at = nowInSeconds() - 10;
    const authorization = `Bearer ${await credential(tenant)}`;
    const first = await makeRequest(tenant, { headers: { authorization } });
    expect((await handleGlobalRevocation(first, { ...globalRevocation, ...outage })).status).toBe(503);
    const eve = { format: "opaque", id: "user-eve" };
    expect(await ask(tenant, { sub_id: eve, headers: { authorization } })).toBe(401);
    expect(await ask(tenant, { headers: { authorization } })).toBe(204);
    expect(await redeem(tenant, { iat: at, exp: at + 300 })).toBe(400);
    expect(await redeem(tenant, { sub: "user-eve", iat: at, exp: at + 300 })).toBe(200);
  });

  it("is not told that it is done while a ledger may issue that has not heard, and asks again [GTR-03]", async () => {
    const tenant = await Tenant.settle(ASKED);
    const { globalRevocation } = startIsolate().services;
    const join: typeof globalRevocation.join = async (...given) => ({
      ...(await globalRevocation.join(...given)),
      isEffective: false,
      waitingFor: 1,
    });
    const headers = { authorization: `Bearer ${await credential(tenant)}` };
    const answered = await handleGlobalRevocation(await makeRequest(tenant, { headers }), {
      ...globalRevocation,
      join,
    });
    expect([answered.status, answered.headers.has("retry-after")]).toEqual([503, true]);
    expect(await ask(tenant, { headers })).toBe(204);
  });

  it("takes our issuer for our endpoint, and says how it is asked otherwise", async () => {
    const tenant = await Tenant.settle(ASKED);
    expect(await ask(tenant, { claims: { aud: [ISSUER] } })).toBe(204);
    const refused = await exports.default.fetch(new Request(ENDPOINT, { method: "POST" }), env as never);
    expect(refused.headers.get("www-authenticate")).toContain("Bearer");
    expect((await exports.default.fetch(new Request(ENDPOINT), env as never)).status).toBe(405);
  });

  it("is asked to come again while nothing can be made durable [GTR-03]", async () => {
    const tenant = await Tenant.settle(ASKED);
    const registry = {
      getByName: () => ({
        join: () => Promise.reject(new Error("down")),
        since: () => Promise.reject(new Error("down")),
      }),
    };
    const { services } = startIsolate({ REVOCATION_REGISTRY: registry });
    const answered = await handleGlobalRevocation(await makeRequest(tenant), services.globalRevocation);
    expect([answered.status, answered.headers.has("retry-after")]).toEqual([503, true]);
  });
});

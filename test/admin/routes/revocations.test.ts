import { applyD1Migrations, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { calculateJwkThumbprint } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Connections } from "../../../durable-objects/connections.ts";
import { Vault } from "../../../durable-objects/vault.ts";
import { earliestPlace } from "../../../src/audit/place.ts";
import { TestAdmin } from "../../support/admin.ts";
import { IDP, person, RESOURCE, staleGrant, vaultOf } from "../../support/outbound.ts";
import { registry } from "../../support/revocations.ts";
import { Tenant } from "../../support/tenant.ts";

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));
afterEach(() => void vi.restoreAllMocks());

const PATH = "/admin/v1/revocations";

function order(admin: TestAdmin, what: object, changes: object = {}) {
  const body = JSON.stringify({ what, order: "block", reason: "INC-1", ...changes });
  return admin.call(PATH, { method: "POST", body });
}

let indexed = 0;

async function putIntoIndex(events: readonly object[]): Promise<void> {
  const statement =
    "INSERT INTO audit_event (place, shard, sequence, event) VALUES (CAST(? AS INTEGER), 'index of a test', ?, ?)";
  await env.AUDIT_INDEX.batch(
    events.map((event) => {
      indexed += 1;
      const place = String(earliestPlace(Date.now()) + BigInt(indexed));
      return env.AUDIT_INDEX.prepare(statement).bind(place, indexed, JSON.stringify(event));
    }),
  );
}

describe("an order to revoke", () => {
  it("stops a client at the token endpoint as soon as it has answered, until it is restored", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("operator"), await Tenant.settle()];
    const what = { kind: "client", client_id: tenant.clientId };
    expect((await tenant.redeem()).status).toBe(200);
    const answered = await order(admin, what);
    expect(answered).toMatchObject({ status: 200, body: { in_effect: true, waiting_for: 0 } });
    const refused = await tenant.redeem();
    expect(refused).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(refused.body["correlation_id"]).toEqual(expect.any(String));
    expect((await order(admin, what, { order: "restore" })).status).toBe(200);
    expect((await tenant.redeem()).status).toBe(200);
  });

  // The drill for a key of ours that has got out: what it signed is worth nothing, and nothing more is signed with it.
  it("ends a signing key: it is published no more, and nothing is issued with it until another is current", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("operator"), await Tenant.settle()];
    const what = { kind: "signing_key", key_id: "test-current" };
    const published = async () => {
      const { keys } = await (await exports.default.fetch(`${env.ISSUER}/jwks`)).json<{ keys: { kid: string }[] }>();
      return keys.map(({ kid }) => kid);
    };
    expect((await order(admin, what)).status).toBe(200);
    expect(await published()).toEqual(["test-next"]);
    expect(await tenant.redeem()).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
    await order(admin, what, { order: "restore" });
    expect(await published()).toEqual(["test-current", "test-next"]);
    expect((await tenant.redeem()).status).toBe(200);
  });

  it("is on record with its reason, who gave it and what it named", async () => {
    const admin = await TestAdmin.appoint("operator");
    await order(admin, { kind: "subject", issuer: "https://idp.example", subject: "ada" });
    const events = await admin.record();
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "revocation",
        action: "revoked",
        reason: "INC-1",
        issuer: "https://idp.example",
        subject: "ada",
      }),
    );
  });

  it("is on record though a vault does not answer, says so, and has a status until what was connected is gone", async () => {
    const [admin, sub] = [await TestAdmin.appoint("operator"), crypto.randomUUID()];
    const [owner, connections] = [person(), new Connections(vaultOf)];
    await connections.keepGrant({ owner, subject: { issuer: IDP, tenant: null, sub } }, RESOURCE, staleGrant("r"));
    vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValueOnce(new Error("reset"));
    const answered = await order(admin, { kind: "subject", issuer: IDP, subject: sub });
    expect(answered).toMatchObject({ status: 202, body: { in_effect: true, people_still_connected: 1 } });
    expect(await admin.record()).toContainEqual(expect.objectContaining({ type: "revocation", subject: sub }));
    const status = () => admin.call(answered.headers.get("location") ?? "");
    expect(await status()).toMatchObject({ status: 202, body: { people_still_connected: 1 } });
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 2_000);
    await runDurableObjectAlarm(registry());
    expect(await registry().status(Number(answered.body["version"]))).toMatchObject({ peopleStillConnected: 0 });
    vi.useRealTimers();
    expect(await status()).toMatchObject({ status: 200, body: { people_still_connected: 0 } });
    expect(await connections.list(owner)).toEqual([]);
  });

  it("has a status to ask for, and is listed", async () => {
    const admin = await TestAdmin.appoint("operator");
    const client_id = `agent-${crypto.randomUUID()}`;
    const answered = await order(admin, { kind: "client", client_id });
    const status = await admin.call(answered.headers.get("location") ?? "");
    expect(status).toMatchObject({ status: 200, body: { version: answered.body["version"], in_effect: true } });
    const listed = await admin.call(`${PATH}?kind=client`);
    expect(listed.body["revocations"]).toContainEqual({
      name: `client:${client_id}`,
      blocked_by: ["operator"],
      sign_in_after: null,
    });
  });

  it("says whether there is what it names, and is given all the same", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("operator"), await Tenant.settle()];
    const { organization, clientId: client_id, resource } = tenant;
    const issuer = tenant.idp.issuer;
    const known = async (what: object): Promise<unknown> => {
      const { status, body } = await order(admin, what, { order: "restore" });
      return [status, body["known"]];
    };
    expect(await known({ kind: "client", client_id })).toEqual([200, true]);
    expect(await known({ kind: "client", client_id: `${client_id}x` })).toEqual([200, false]);
    expect(await known({ kind: "idp", issuer })).toEqual([200, true]);
    expect(await known({ kind: "idp", issuer: `${issuer}/` })).toEqual([200, false]);
    expect(await known({ kind: "connection", organization, client_id, resource })).toEqual([200, true]);
    expect(await known({ kind: "connection", organization, client_id, resource: `${resource}x` })).toEqual([
      200,
      false,
    ]);
    expect(await known({ kind: "key", issuer: `${issuer}/`, key_id: "a" })).toEqual([200, false]);
    expect(await known({ kind: "signing_key", key_id: "test-next" })).toEqual([200, true]);
    expect(await known({ kind: "signing_key", key_id: "test-nex" })).toEqual([200, false]);
  });

  it("says whether there was ever a token of a person, of a key or of an id, by what was granted and nothing else", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("operator"), await Tenant.settle()];
    const issuer = tenant.idp.issuer;
    const [principal, token_id] = [`usr_${crypto.randomUUID()}`, crypto.randomUUID()];
    const grant = { type: "redemption", decision: "granted", issuer, principal, token_id };
    await putIntoIndex([{ ...grant, subject: "Ada Lovelace", tenant: "t1", key_id: "key 1" }]);
    const known = async (what: object) => (await order(admin, what, { order: "restore" })).body["known"];
    const people = { kind: "subject", issuer };
    expect(await known({ ...people, subject: "Ada Lovelace" })).toBe(true);
    expect(await known({ ...people, subject: "Ada Lovelace", tenant: "t1" })).toBe(true);
    expect(await known({ kind: "principal", principal })).toBe(true);
    expect(await known({ kind: "key", issuer, key_id: "key 1" })).toBe(true);
    expect(await known({ kind: "token", token_id })).toBe(true);
    // The orders that name them are on record too, by now: that is no token.
    await putIntoIndex([{ type: "revocation", decision: "done", issuer, subject: "ada lovelace", principal: "usr_x" }]);
    for (const unknown of [
      { ...people, subject: "ada lovelace" },
      { ...people, subject: "Ada" },
      { ...people, subject: "Ada Lovelace", tenant: "t2" },
      { kind: "principal", principal: "usr_x" },
      { kind: "key", issuer, key_id: "key" },
      { kind: "token", token_id: `${token_id}0` },
    ]) {
      expect(await known(unknown), JSON.stringify(unknown)).toBe(false);
    }
    expect(await known({ ...people, subject: "--" })).toBeNull();
  });

  it("names a provider's key that has no name by its thumbprint, and stops what it signs", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("operator"), await Tenant.settle()];
    const { kid: _kid, ...nameless } = tenant.idp.key.publicJwk;
    const unnamed = await Tenant.settle({ idp: { key_set: { keys: [nameless] } } });
    const assertion = (): Promise<string> => unnamed.assertion({}, { header: { kid: undefined }, key: tenant.idp.key });
    const redeem = async (): Promise<number> =>
      (await unnamed.redeem({ form: { assertion: await assertion() } })).status;
    expect(await redeem()).toBe(200);
    const key_id = await calculateJwkThumbprint(nameless);
    await order(admin, { kind: "key", issuer: unnamed.idp.issuer, key_id });
    expect(await redeem()).toBe(400);
  });

  it("of a family reaches the tokens of all below its path, in the preview too", async () => {
    const viewer = await TestAdmin.appoint("viewer");
    const folder = `https://${crypto.randomUUID()}.example.com/agents/`;
    const grant = (client_id: string, n: number) => ({
      type: "redemption",
      decision: "granted",
      client_id,
      organization: "acme",
      resource: `https://mcp.example/${n}`,
      principal: "usr_ada",
      token_expires_at: Math.floor(Date.now() / 1000) + 300,
    });
    const events = [grant(`${folder}one`, 1), grant(`${folder}two`, 1), grant(`${folder}two`, 2), grant("other", 1)];
    await putIntoIndex(events);
    const preview = async (client_id: string): Promise<unknown> =>
      (
        await viewer.call(`${PATH}/preview`, {
          method: "POST",
          body: JSON.stringify({ what: { kind: "client", client_id } }),
        })
      ).body;
    expect(await preview(`${folder}*`)).toMatchObject({ tokens: 3, people: 1, clients: 2, connections: 3 });
    expect(await preview(`${folder}two`)).toMatchObject({ tokens: 2, clients: 1, connections: 2 });
  });

  it("can be previewed by whoever may read, and given by operators alone", async () => {
    const viewer = await TestAdmin.appoint("viewer");
    const what = { kind: "client", client_id: `agent-${crypto.randomUUID()}` };
    const previewed = await viewer.call(`${PATH}/preview`, { method: "POST", body: JSON.stringify({ what }) });
    expect(previewed).toMatchObject({
      status: 200,
      body: { tokens: 0, people: 0, clients: 0, connections: 0, known: false },
    });
    expect((await order(viewer, what)).status).toBe(403);
  });

  it.each([
    ["without a reason", { kind: "client", client_id: "a" }, { reason: "" }],
    ["with prose for a reason", { kind: "client", client_id: "a" }, { reason: "he has left us" }],
    ["for a kind that there is not", { kind: "document", name: "a" }, {}],
    ["with a member too many", { kind: "client", client_id: "a", tenant: "b" }, {}],
    ["with nothing named", { kind: "client", client_id: "" }, {}],
  ])("%s is refused and changes nothing", async (_name, what, changes) => {
    const admin = await TestAdmin.appoint("operator");
    expect((await order(admin, what, changes)).status).toBe(400);
  });
});

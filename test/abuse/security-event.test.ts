import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { Order } from "../../src/revocation/orders.ts";
import { digestSecret, nowInSeconds, Tenant } from "../support/tenant.ts";
import { registry } from "../support/revocations.ts";
import { CAEP, push, RISC, type SignalChanges, signSignal } from "../support/signals.ts";
import { makeTestKey } from "../support/test-idp.ts";

const HEARD = { idp: { signals: {} } };

async function redeem(tenant: Tenant, claims: object = {}): Promise<unknown> {
  const { status, body } = await tenant.redeem({ form: { assertion: await tenant.assertion({ ...claims }) } });
  return status === 200 ? "granted" : body["error"];
}

/** Until every isolate has heard of it, by a clock that does not make the test wait. */
async function orderAndWait(name: string, order: Order): Promise<void> {
  await registry().order([name], order);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LIMITS.fencesStaleMilliseconds });
}

afterEach(() => void vi.useRealTimers());

// The first of them also waits for the Worker to start.
describe("a security event of a trusted provider", { timeout: 30_000 }, () => {
  it.each([
    `${CAEP}session-revoked`,
    `${CAEP}token-claims-change`,
    `${CAEP}credential-change`,
    `${RISC}credential-compromise`,
  ])("ends the sign-ins before it and not those after it: %s [SSF-01, SSF-04, SSF-06]", async (type) => {
    const tenant = await Tenant.settle(HEARD);
    const at = nowInSeconds() - 10;
    expect(await push(tenant, { type, event: { event_timestamp: at } })).toEqual({
      status: 202,
      err: null,
    });
    expect(await redeem(tenant, { auth_time: at })).toBe("invalid_grant");
    expect(await redeem(tenant, { auth_time: at + 1 })).toBe("granted");
    // Who says nothing of the sign-in is taken by when the assertion was made.
    expect(await redeem(tenant, { iat: at - 1, exp: at + 200 })).toBe("invalid_grant");
    expect(await redeem(tenant, { sub: "user-eve", auth_time: at })).toBe("granted");
  });

  it("disables an account until it is enabled, whichever of the two comes last [CVE-2026-1609] [SSF-04, SSF-06]", async () => {
    const at = nowInSeconds() - 30;
    const disabled: SignalChanges = { type: `${RISC}account-disabled`, claims: { toe: at } };
    const enabled: SignalChanges = { type: `${RISC}account-enabled`, claims: { toe: at + 10 } };
    for (const order of [
      [disabled, enabled, disabled],
      [enabled, disabled],
    ]) {
      const tenant = await Tenant.settle(HEARD);
      for (const signal of order) expect((await push(tenant, signal)).status).toBe(202);
      expect(await redeem(tenant)).toBe("granted");
      expect(await redeem(tenant, { auth_time: at })).toBe("invalid_grant");
      await push(tenant, { ...disabled, claims: { toe: at + 20 } });
      expect(await redeem(tenant)).toBe("invalid_grant");
    }
  });

  it("that an account is purged is taken back by no event that it is enabled [SSF-04, SSF-06]", async () => {
    const tenant = await Tenant.settle(HEARD);
    await push(tenant, { type: `${RISC}account-purged`, claims: { toe: nowInSeconds() - 20 } });
    await push(tenant, { type: `${RISC}account-enabled` });
    expect(await redeem(tenant)).toBe("invalid_grant");
  });

  it("may name its subject by an opaque identifier, or as one of several members with its tenant [SSF-05]", async () => {
    const tenant = await Tenant.settle({
      idp: { organization: undefined, tenants: { t1: "org-a", t2: "org-b" }, signals: {} },
    });
    const iss = tenant.idp.issuer;
    const user = { format: "iss_sub", iss, sub: "user-ada" };
    const about = (sub_id: object) => push(tenant, { type: `${RISC}account-disabled`, claims: { sub_id } });
    expect((await about({ format: "complex", user, tenant: { format: "opaque", id: "t2" } })).status).toBe(202);
    expect((await about({ format: "complex", user, tenant: { format: "uri" } })).err).toBe("invalid_request");
    expect((await about({ format: "opaque", id: "user-bob" })).status).toBe(202);
  });

  it.each(["https://schemas.openid.net/secevent/ssf/event-type/verification", "urn:example:other"])(
    "that asks nothing of us is acknowledged: %s [SSF-01, SSF-04]",
    async (type) => {
      const tenant = await Tenant.settle(HEARD);
      expect(await push(tenant, { type, claims: { sub_id: { format: "opaque", id: "stream" } } })).toMatchObject({
        status: 202,
      });
      expect(await redeem(tenant)).toBe("granted");
    },
  );
});

/** Each changes nothing, and has the name that RFC 8935 §2.4 gives it. */
describe("a security event that is not to be believed", () => {
  const block: SignalChanges = { type: `${RISC}account-disabled` };
  const cases: readonly (readonly [string, string, (tenant: Tenant) => Promise<SignalChanges>])[] = [
    [
      "by a key that is not the provider's",
      "authentication_failed",
      async (tenant) => ({
        key: { ...(await makeTestKey("ES256", "other")), kid: tenant.idp.key.kid },
      }),
    ],
    ["by a key that the provider has not", "invalid_key", async () => ({ key: await makeTestKey("ES256", "other") })],
    [
      "by no key",
      "invalid_key",
      async (tenant) => {
        const [, payload] = (await signSignal(tenant, block)).split(".");
        return { body: `${btoa('{"alg":"none","typ":"secevent+jwt"}').replaceAll("=", "")}.${payload}.AA` };
      },
    ],
    ["of another issuer", "invalid_issuer", async () => ({ claims: { iss: "https://other.example" } })],
    ["for another receiver", "invalid_audience", async () => ({ claims: { aud: "https://other.example" } })],
    [
      "about the user of another provider",
      "access_denied",
      async () => ({
        claims: { sub_id: { format: "iss_sub", iss: "https://other.example", sub: "user-ada" } },
      }),
    ],
    ["that is an ID-JAG", "invalid_request", async () => ({ header: { typ: "oauth-id-jag+jwt" } })],
    ["with a sub", "invalid_request", async () => ({ claims: { sub: "user-ada" } })],
    ["with an exp", "invalid_request", async () => ({ claims: { exp: nowInSeconds() + 60 } })],
    ["without a jti", "invalid_request", async () => ({ claims: { jti: undefined } })],
    ["with two events", "invalid_request", async () => ({ claims: { events: { a: {}, b: {} } } })],
    ["with none", "invalid_request", async () => ({ claims: { events: {} } })],
    ["of the future", "invalid_request", async () => ({ claims: { toe: nowInSeconds() + 3600 } })],
    ["with a subject of no format", "invalid_request", async () => ({ claims: { sub_id: { sub: "user-ada" } } })],
    ["beyond its size", "invalid_request", async () => ({ claims: { padding: "x".repeat(20_000) } })],
    [
      "as a form",
      "invalid_request",
      async () => ({ headers: { "content-type": "application/x-www-form-urlencoded" } }),
    ],
  ];

  it.each(cases)("%s: %s [SSF-01, SSF-02]", async (_name, err, changes) => {
    const tenant = await Tenant.settle(HEARD);
    expect(await push(tenant, { ...block, ...(await changes(tenant)) })).toEqual({ status: 400, err });
    expect(await redeem(tenant)).toBe("granted");
  });

  it("is that of a provider whose record asks for none", async () => {
    expect(await push(await Tenant.settle(), block)).toEqual({ status: 400, err: "invalid_issuer" });
  });

  it("is that of a provider whose record is switched off", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {}, enabled: false } });
    expect(await push(tenant, { type: `${RISC}account-enabled` })).toEqual({ status: 400, err: "access_denied" });
  });

  // It could lift what it had said before its keys were stolen, or leave words that outlive the block.
  it("is that of a provider that an operator has blocked, until it is restored", async () => {
    const tenant = await Tenant.settle(HEARD);
    const issuer = `issuer:${tenant.idp.issuer}`;
    await orderAndWait(issuer, "block");
    expect(await push(tenant, block)).toEqual({ status: 400, err: "access_denied" });
    await orderAndWait(issuer, "restore");
    expect(await redeem(tenant)).toBe("granted");
  });

  it("comes without the Authorization header of its stream [SSF-05]", async () => {
    const digest = await digestSecret("Bearer of-the-stream");
    const tenant = await Tenant.settle({ idp: { signals: { authorization_digests: [digest] } } });
    for (const headers of [{}, { authorization: "Bearer other" }]) {
      expect(await push(tenant, { ...block, headers })).toEqual({ status: 400, err: "authentication_failed" });
    }
    expect(await redeem(tenant)).toBe("granted");
    expect(await push(tenant, { ...block, headers: { authorization: "Bearer of-the-stream" } })).toMatchObject({
      status: 202,
    });
    expect(await redeem(tenant)).toBe("invalid_grant");
  });

  it("is of a user of the same name at another provider", async () => {
    const [one, other] = [await Tenant.settle(HEARD), await Tenant.settle(HEARD)];
    await push(one, block);
    expect([await redeem(one), await redeem(other)]).toEqual(["invalid_grant", "granted"]);
  });

  it.each([`user-ada"],"x`, `["https://idp","user-ada"]`, "user-ada\u0000", "USER-ADA", "*"])(
    "names somebody odd, and nobody else is meant: %j",
    async (sub) => {
      const tenant = await Tenant.settle(HEARD);
      expect((await push(tenant, { ...block, claims: { sub_id: { format: "opaque", id: sub } } })).status).toBe(202);
      expect(await redeem(tenant)).toBe("granted");
    },
  );
});

import { env, exports } from "cloudflare:workers";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it, vi } from "vitest";
import {
  introspect,
  mint,
  type ResourceServer,
  settleResourceServer,
  SIGNED,
  tokenOf,
} from "../support/introspection.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { ISSUER, nowInSeconds, Tenant } from "../support/tenant.ts";

interface Settled {
  readonly server: ResourceServer;
  readonly tenant: Tenant;
  readonly token: string;
}

async function settle(): Promise<Settled> {
  const server = await settleResourceServer();
  const tenant = await Tenant.settle({ resource: { introspection: { clients: [server.clientId] } } });
  const signIn = { acr: "phr", amr: ["hwk"], auth_time: nowInSeconds() - 5 };
  return { server, tenant, token: await tokenOf(tenant, { act: { sub: "agent-7" }, ...signIn }) };
}

async function publishedKeys(): Promise<JSONWebKeySet> {
  return (await exports.default.fetch(new Request(`${ISSUER}/jwks`))).json();
}

// The first of them also waits for the Worker to start.
describe("a resource server that asks about a token", { timeout: 30_000 }, () => {
  it("is told of a live one what it proves, and nothing that it does not say [IN-01]", async () => {
    const { server, tenant, token } = await settle();
    const answered = await introspect(server, token);
    expect(answered.headers.get("cache-control")).toBe("no-store");
    expect(answered.headers.get("content-type")).toBe("application/json");
    expect(await answered.json()).toEqual({
      active: true,
      token_type: "Bearer",
      iss: ISSUER,
      aud: tenant.resource,
      sub: expect.stringMatching(/^usr_/) as unknown,
      client_id: tenant.clientId,
      jti: expect.any(String) as unknown,
      iat: expect.any(Number) as unknown,
      exp: expect.any(Number) as unknown,
      scope: "files:read files:write",
      act: { sub: "agent-7" },
      auth_time: expect.any(Number) as unknown,
      acr: "phr",
      amr: ["hwk"],
      sub_id: { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" },
      organization: tenant.organization,
    });
  });

  it("hears which key a bound token is bound to, and what was granted in detail [IN-01]", async () => {
    const { server, tenant } = await settle();
    const [cnf, authorization_details] = [{ jkt: "thumbprint" }, [{ type: "payment", amount: 1 }]];
    const token = await mint(tenant, { cnf, authorization_details, groups: ["a"] });
    const told = await (await introspect(server, token)).json<object>();
    expect(told).toMatchObject({ active: true, token_type: "DPoP", cnf, authorization_details });
    expect(told).not.toHaveProperty("groups");
    expect(told).not.toHaveProperty("assertion");
  });

  it("gets a signed answer for itself alone when it asks for one [IN-02]", async () => {
    const { server, tenant, token } = await settle();
    const answered = await introspect(server, token, { accept: `application/json;q=0.5, ${SIGNED}` });
    expect(answered.headers.get("content-type")).toBe(SIGNED);
    const expected = { issuer: ISSUER, audience: server.clientId, typ: "token-introspection+jwt" };
    const verified = await jwtVerify(await answered.text(), createLocalJWKSet(await publishedKeys()), expected);
    expect(Object.keys(verified.payload).toSorted()).toEqual(["aud", "iat", "iss", "token_introspection"]);
    expect(verified.payload["token_introspection"]).toMatchObject({ active: true, aud: tenant.resource, acr: "phr" });
    expect(verified.protectedHeader.alg).toBe("ES256");
  });

  it.each([`${SIGNED};q=0`, `${SIGNED}; q=0.000`, "application/*", "*/*", "application/json"])(
    "gets JSON where it asks for %s [IN-02]",
    async (accept) => {
      const { server, token } = await settle();
      const answered = await introspect(server, token, { accept });
      expect(answered.headers.get("content-type")).toBe("application/json");
      expect(await answered.json()).toMatchObject({ active: true });
    },
  );

  it("hears that it is inactive once the token, or what it rests on, is revoked [IN-01]", async () => {
    const { server, tenant, token } = await settle();
    const [first, second] = [token, await tokenOf(tenant)];
    const body = new URLSearchParams({ token: first });
    const headers = { authorization: tenant.basic };
    await exports.default.fetch(new Request(`${ISSUER}/revoke`, { method: "POST", body, headers }), env as never);
    expect(await (await introspect(server, first)).json()).toEqual({ active: false });
    expect(await (await introspect(server, second)).json()).toMatchObject({ active: true });
  });

  it("is on record, once in a while for each resource and not once a call", async () => {
    const { server, tenant, token } = await settle();
    for (const _call of [1, 2, 3]) await (await introspect(server, token)).text();
    const stranger = await settleResourceServer();
    for (const _call of [1, 2, 3]) await (await introspect(stranger, token)).text();
    const seen = async (by: ResourceServer): Promise<unknown> =>
      (await recordedEvents(by.clientId)).map((event) => [event.type, event.resource, event.decision, event.reason]);
    await vi.waitFor(async () => {
      expect(await seen(server)).toEqual([["introspection", tenant.resource, "granted", null]]);
      expect(await seen(stranger)).toEqual([
        ["introspection", tenant.resource, "refused", "introspection_not_allowed"],
      ]);
    });
  });

  it("may prove itself by a key, whose assertion serves once", async () => {
    const server = await Tenant.settle();
    const assertion = await server.clientAssertion();
    const ask = async (): Promise<number> => {
      const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      const body = new URLSearchParams({ token: "x", client_assertion: assertion, client_assertion_type });
      return (await exports.default.fetch(new Request(`${ISSUER}/introspect`, { method: "POST", body }))).status;
    };
    expect([await ask(), await ask()]).toEqual([200, 401]);
  });
});

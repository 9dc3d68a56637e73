import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ISSUER, Tenant } from "../support/tenant.ts";

async function revoke(by: Tenant, token: string, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request(`${ISSUER}/revoke`, {
    method: "POST",
    body: new URLSearchParams({ token }),
    headers: { authorization: by.basic, ...headers },
  });
  return exports.default.fetch(request, env as never);
}

async function tokenOf(tenant: Tenant): Promise<string> {
  return String((await tenant.redeem()).body["access_token"]);
}

/** 401 where the gateway takes the token for none; anything else comes from what lies behind it. */
async function isRefused(tenant: Tenant, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "nothing/here" });
  const response = await exports.default.fetch(new Request(tenant.resource, { method: "POST", headers, body }));
  await response.text();
  return response.status === 401;
}

describe("a client that revokes [RV-01]", () => {
  it("ends its own token, and no other of its tokens", async () => {
    const tenant = await Tenant.settle();
    const [first, second] = [await tokenOf(tenant), await tokenOf(tenant)];
    expect(await isRefused(tenant, first)).toBe(false);
    const answered = await revoke(tenant, first);
    expect([answered.status, await answered.text()]).toEqual([200, ""]);
    expect([await isRefused(tenant, first), await isRefused(tenant, second)]).toEqual([true, false]);
  });

  it("hears the same of another client's token, and ends it not [authplane@0.1.2]", async () => {
    const [tenant, other] = [await Tenant.settle(), await Tenant.settle()];
    const token = await tokenOf(other);
    const answered = await revoke(tenant, token);
    expect([answered.status, await answered.text()]).toEqual([200, ""]);
    expect(await isRefused(other, token)).toBe(false);
  });

  it.each(["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.AA"])("hears the same of what is no token: %s", async (token) => {
    expect((await revoke(await Tenant.settle(), token)).status).toBe(200);
  });

  it("has to be somebody", async () => {
    const tenant = await Tenant.settle();
    const token = await tokenOf(tenant);
    expect((await revoke(tenant, token, { authorization: "Basic eDp5" })).status).toBe(401);
    expect(await isRefused(tenant, token)).toBe(false);
  });
});

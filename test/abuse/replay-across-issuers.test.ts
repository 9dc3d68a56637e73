import { describe, expect, it } from "vitest";
import { Tenant } from "../support/tenant.ts";

/**
 * C07: a `jti` is its issuer's. fosite and hydra key on the bare jti, node-oidc-provider on iss and jti without anything
 * between them: there, one issuer can use up another's identifiers.
 */
async function redeem(tenant: Tenant, jti: string): Promise<number> {
  return (await tenant.redeem({ form: { assertion: await tenant.assertion({ jti }) } })).status;
}

describe("one jti", () => {
  it("of two issuers is good once at each", async () => {
    const tenants = await Promise.all(Array.from({ length: 4 }, () => Tenant.settle()));
    const jti = crypto.randomUUID();
    const statuses = async () => Promise.all(tenants.map((tenant) => redeem(tenant, jti)));
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    expect(await statuses()).toEqual([400, 400, 400, 400]);
  });

  it("that spells another issuer into itself is that issuer's neither", async () => {
    const [mallory, victim] = [await Tenant.settle(), await Tenant.settle()];
    const jti = crypto.randomUUID();
    const spellings = [
      `${victim.idp.issuer}${jti}`,
      `${victim.idp.issuer} ${jti}`,
      `${victim.idp.issuer}\u0000${jti}`,
      `${victim.idp.issuer.length}:${victim.idp.issuer}${jti.length}:${jti}`,
    ];
    for (const spelling of spellings) expect(await redeem(mallory, spelling)).toBe(200);
    expect(await redeem(victim, jti)).toBe(200);
  });

  it.each([
    ["case", "ABCDEF", "abcdef"],
    ["Unicode form", "\u00e9", "e\u0301"],
    ["a space at the end", "x", "x "],
    ["a zero byte", "x", "x\u0000"],
    ["width", "1", "\uff11"],
  ])("is another one by %s", async (_name, left, right) => {
    const tenant = await Tenant.settle();
    expect([await redeem(tenant, left), await redeem(tenant, right)]).toEqual([200, 200]);
    expect([await redeem(tenant, left), await redeem(tenant, right)]).toEqual([400, 400]);
  });

  // C12: what the registry is done to has no part in it.
  it("stays used when its issuer is taken out and put back", async () => {
    const tenant = await Tenant.settle();
    const jti = crypto.randomUUID();
    expect(await redeem(tenant, jti)).toBe(200);
    const again = { issuer: tenant.idp.issuer, name: "Registered again", organization: tenant.organization };
    await tenant.put("idp", tenant.idp.issuer, { ...again, key_set: tenant.idp.jwks, algorithms: ["ES256"] });
    expect(await redeem(tenant, jti)).toBe(400);
  });
});

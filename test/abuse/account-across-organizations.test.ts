import { describe, expect, it } from "vitest";
import { addAccounts, directoryOf, recordOf } from "../support/accounts.ts";
import { idpDocument, permitRule, policyDocument } from "../support/documents.ts";
import { Tenant } from "../support/tenant.ts";

/** B08, JAG-T-07: `aud_sub` is a name within one organization; two of one name in two organizations are two people. */
interface Shared {
  readonly tenant: Tenant;
  readonly other: string;
}

/** One issuer for two customers, tenant-a and tenant-b, each with an account "admin". */
async function settleTwo(): Promise<Shared> {
  const tenant = await Tenant.settle();
  const other = `${tenant.organization}-b`;
  await tenant.put("idp", tenant.idp.issuer, {
    ...idpDocument({ issuer: tenant.idp.issuer, key_set: tenant.idp.jwks, organization: undefined }),
    tenants: { "tenant-a": tenant.organization, "tenant-b": other },
    subject_resolution: { mode: "strict", by: ["aud_sub"] },
  });
  const rules = [permitRule({ clients: [tenant.clientId], resources: [tenant.resource] })];
  await tenant.put("policy", other, policyDocument({ organization: other, rules }));
  await addAccounts(tenant.organization, { account: "admin" });
  await addAccounts(other, { account: "admin" }, { account: "only-there" });
  return { tenant, other };
}

describe("aud_sub", () => {
  it("of one name is two principals in two organizations", async () => {
    const shared = await settleTwo();
    const a = await recordOf(shared.tenant, { tenant: "tenant-a", aud_sub: "admin" });
    const b = await recordOf(shared.tenant, { tenant: "tenant-b", aud_sub: "admin" });
    expect([a.account, b.account]).toEqual(["admin", "admin"]);
    expect(a.principal).not.toBe(b.principal);
  });

  it("finds nobody of another organization", async () => {
    const event = await recordOf((await settleTwo()).tenant, { tenant: "tenant-a", aud_sub: "only-there" });
    expect(event.reason).toBe("subject_unknown");
  });

  it("is never looked up in the aud_tenant that the assertion names, where that is not the tenant's own", async () => {
    const shared = await settleTwo();
    const event = await recordOf(shared.tenant, { tenant: "tenant-a", aud_tenant: shared.other, aud_sub: "admin" });
    expect(event.reason).toBe("tenant_not_bound");
    expect((await directoryOf(shared.other).find("admin"))?.bindings).toEqual([]);
  });

  it("binds the sub of its tenant, and not the same sub of the other", async () => {
    const shared = await settleTwo();
    await recordOf(shared.tenant, { tenant: "tenant-a", aud_sub: "admin" });
    expect((await recordOf(shared.tenant, { tenant: "tenant-a" })).account).toBe("admin");
    expect((await recordOf(shared.tenant, { tenant: "tenant-b" })).reason).toBe("subject_unknown");
  });

  it.each([
    "admin'--",
    'admin" OR 1=1',
    "accounts/v1/x",
    "../admin",
    "admin\u0000",
    "usr_admin admin",
    "ADMIN ",
    "аdmin",
  ])("cannot be anything else than an account's name: %o", async (audSub) => {
    const event = await recordOf((await settleTwo()).tenant, { tenant: "tenant-a", aud_sub: audSub });
    expect(event.reason).toBe("subject_identifier_invalid");
  });

  it("of another case is another name", async () => {
    const event = await recordOf((await settleTwo()).tenant, { tenant: "tenant-a", aud_sub: "Admin" });
    expect(event.reason).toBe("subject_unknown");
  });
});

import { describe, expect, it } from "vitest";
import type { UnverifiedJws } from "../../../src/jwt/compact-jws.ts";
import type { JsonObject } from "../../../src/jwt/strict-json.ts";
import { tenant } from "../../../src/redemption/checks/tenant.ts";
import { makeIdp, reasonOf } from "../../support/redemption.ts";

const single = makeIdp();
const shared = makeIdp({ organization: undefined, tenants: { "tenant-a": "acme", "tenant-b": "globex" } });

function jwsWith(unverified: JsonObject): UnverifiedJws {
  return {
    token: "",
    header: { typ: null, alg: "ES256", kid: null, jwk: null },
    unverified,
    signature: new Uint8Array(),
  };
}

describe("tenant", () => {
  it.each<[string, JsonObject, string | null, string]>([
    ["its tenant's organization", { tenant: "tenant-b" }, "tenant-b", "globex"],
    ["the same when aud_tenant agrees", { tenant: "tenant-a", aud_tenant: "acme" }, "tenant-a", "acme"],
  ])("at a shared issuer speaks for %s [JAG-T-01]", (_what, claims, idpTenant, organization) => {
    expect(tenant({ jws: jwsWith(claims), idp: shared })).toEqual({ idpTenant, organization });
  });

  it.each<[string, JsonObject]>([
    ["no tenant", {}],
    ["a tenant", { tenant: "whatever" }],
    ["our own tenant", { aud_tenant: "acme" }],
  ])("at a single-tenant issuer speaks for its one organization, with %s named", (_what, claims) => {
    expect(tenant({ jws: jwsWith(claims), idp: single })).toEqual({ idpTenant: null, organization: "acme" });
  });

  it.each<[string, JsonObject, typeof single]>([
    ["no tenant at a shared issuer: its keys sign for every customer (ID-JAG §6.1)", {}, shared],
    ["a tenant that is tied to no organization", { tenant: "tenant-c" }, shared],
    ["an organization in place of a tenant", { tenant: "acme" }, shared],
    ["a tenant in other letters", { tenant: "Tenant-A" }, shared],
    ["a tenant named like a member of every object", { tenant: "constructor" }, shared],
    ["a tenant named __proto__", { tenant: "__proto__" }, shared],
    ["an aud_tenant that is another organization", { tenant: "tenant-a", aud_tenant: "globex" }, shared],
    ["an aud_tenant that is not the single organization", { aud_tenant: "globex" }, single],
  ])("refuses %s [JAG-T-06, JAG-T-07]", async (_what, claims, idp) => {
    expect(await reasonOf(() => tenant({ jws: jwsWith(claims), idp }))).toBe("tenant_not_bound");
  });

  it.each<[string, JsonObject]>([
    ["a list", { tenant: ["tenant-a"] }],
    ["empty", { tenant: "" }],
    ["null", { tenant: null }],
    ["a number", { tenant: 1 }],
    ["too long", { tenant: "t".repeat(257) }],
  ])("refuses a tenant that is %s", async (_what, claims) => {
    expect(await reasonOf(() => tenant({ jws: jwsWith(claims), idp: shared }))).toBe("claims_malformed");
    expect(await reasonOf(() => tenant({ jws: jwsWith({ aud_tenant: claims["tenant"] }), idp: single }))).toBe(
      "claims_malformed",
    );
  });
});

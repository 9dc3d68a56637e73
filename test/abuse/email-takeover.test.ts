import { describe, expect, it } from "vitest";
import { accountOf, addAccounts, directoryOf } from "../support/accounts.ts";
import { idpDocument, type Members } from "../support/documents.ts";
import { Tenant } from "../support/tenant.ts";
import { TestIdp } from "../support/test-idp.ts";

/**
 * B07, JAG-R-27, JAG-R-28: an address is a hint and no identity. It finds an account once, for a provider that speaks
 * for its domain, and never moves anybody.
 */
const BY_EMAIL = { email_domains: ["acme.example"], subject_resolution: { mode: "strict", by: ["email"] } };

async function settle(): Promise<Tenant> {
  const tenant = await Tenant.settle({ idp: BY_EMAIL });
  await addAccounts(
    tenant.organization,
    { account: "ada", emails: ["ada@acme.example"] },
    { account: "admin", emails: ["admin@acme.example"] },
  );
  return tenant;
}

describe("an address", () => {
  it("finds its account, which then stays the subject's, whatever address comes later [JAG-R-28]", async () => {
    const tenant = await settle();
    expect(await accountOf(tenant, { email: "ada@acme.example" })).toBe("ada");
    expect(await accountOf(tenant, { email: "admin@acme.example" })).toBe("ada");
    expect(await accountOf(tenant, {})).toBe("ada");
  });

  it("takes no account from the one who has it: who gets an old address gets nothing", async () => {
    const tenant = await settle();
    expect(await accountOf(tenant, { sub: "first", email: "ada@acme.example" })).toBe("ada");
    expect(await accountOf(tenant, { sub: "successor", email: "ada@acme.example" })).toBe("subject_conflict");
  });

  it.each<[string, Members]>([
    ["not verified", { email: "admin@acme.example", email_verified: false }],
    ["verified by a text", { email: "admin@acme.example", email_verified: "true" }],
    ["verified by a number", { email: "admin@acme.example", email_verified: 1 }],
    ["of another case", { email: "Admin@acme.example" }],
    ["with something after a plus, which is never folded", { email: "admin+x@acme.example" }],
    ["with a dot that some servers ignore", { email: "ad.min@acme.example" }],
    ["with a Cyrillic letter", { email: "аdmin@acme.example" }],
    ["in fullwidth letters", { email: "ａdmin@acme.example" }],
    ["with a zero-width joiner", { email: "ad\u200dmin@acme.example" }],
    ["with a soft hyphen", { email: "ad\u00admin@acme.example" }],
    ["with a space", { email: "admin @acme.example" }],
    ["with a line break", { email: "admin\n@acme.example" }],
    ["at a domain with a fullwidth dot", { email: "admin@acme．example" }],
    ["at a domain with a dotless i, a Kelvin sign or the like", { email: "admin@ac\u212ae.example" }],
    ["at a domain beneath", { email: "admin@x.acme.example" }],
    ["at a domain above", { email: "admin@example" }],
    ["with two at signs", { email: "admin@acme.example@acme.example" }],
    ["quoted", { email: '"admin"@acme.example' }],
    ["as a list", { email: "eve@acme.example,admin@acme.example" }],
    ["of nobody here", { email: "nobody@acme.example" }],
  ])("%s finds nobody", async (_what, claims) => {
    expect(await accountOf(await settle(), claims)).toBe("subject_unknown");
  });

  it("that is no text is malformed, and finds nobody", async () => {
    const tenant = await settle();
    for (const email of [["admin@acme.example"], { value: "admin@acme.example" }, 7, null]) {
      expect(await accountOf(tenant, { email })).toBe("claims_malformed");
    }
  });

  it("from another provider of the same organization, which does not speak for the domain, finds nobody", async () => {
    const tenant = await settle();
    const evil = await TestIdp.start({ issuer: `https://evil-${tenant.name}.example.com` });
    const document = { issuer: evil.issuer, organization: tenant.organization, key_set: evil.jwks };
    await tenant.put("idp", evil.issuer, {
      ...idpDocument(document),
      ...BY_EMAIL,
      email_domains: ["evil.example"],
    });
    const claims = tenant.claims({ iss: evil.issuer, email: "admin@acme.example", email_verified: true });
    const answer = await tenant.redeem({ form: { assertion: await evil.sign(claims) } });
    expect(answer.body["error"]).toBe("invalid_grant");
    expect((await directoryOf(tenant.organization).find("admin"))?.bindings).toEqual([]);
  });

  it("binds without permitting: who is refused by policy is known, and still refused", async () => {
    const tenant = await Tenant.settle({ idp: BY_EMAIL, rule: { subjects: ["somebody-else"] } });
    await addAccounts(tenant.organization, { account: "ada", emails: ["ada@acme.example"] });
    expect(await accountOf(tenant, { email: "ada@acme.example" })).toBe("policy_no_rule");
    expect((await directoryOf(tenant.organization).find("ada"))?.bindings).toMatchObject([{ sub: "user-ada" }]);
    expect(await accountOf(tenant, { email: "ada@acme.example" })).toBe("policy_no_rule");
  });
});

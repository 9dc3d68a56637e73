import { describe, expect, it } from "vitest";
import { accountOf, addAccounts, directoryOf } from "../support/accounts.ts";
import type { Members } from "../support/documents.ts";
import { Tenant } from "../support/tenant.ts";

/** B08, ID-JAG §9.5: `sub_id` names a SAML issuer that has signed nothing here; only the record ties it to `iss`. */
const SAML = "https://saml.acme.example/entity";
const ADMIN = {
  format: "saml-nameid",
  issuer: SAML,
  nameid: "admin",
  nameid_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  sp_name_qualifier: "https://sp.acme.example",
};

async function settle(resolution: Members = { by: ["saml_nameid"] }): Promise<Tenant> {
  const idp = { saml_issuer: SAML, subject_resolution: { mode: "strict", ...resolution } };
  const tenant = await Tenant.settle({ idp });
  await addAccounts(
    tenant.organization,
    { account: "admin", saml_nameids: [ADMIN] },
    { account: "foreign", saml_nameids: [{ ...ADMIN, issuer: "https://saml.evil.example" }] },
  );
  return tenant;
}

describe("a sub_id", () => {
  it("finds the account that has exactly this name [JAG-R-32]", async () => {
    expect(await accountOf(await settle(), { sub_id: ADMIN })).toBe("admin");
  });

  it.each<[string, Members, string]>([
    [
      "of another SAML issuer, whose name some account has",
      { issuer: "https://saml.evil.example" },
      "subject_identifier_invalid",
    ],
    ["of the SAML issuer in capitals", { issuer: SAML.toUpperCase() }, "subject_identifier_invalid"],
    ["with another sp_name_qualifier [JAG-R-32]", { sp_name_qualifier: "https://other.example" }, "subject_unknown"],
    ["without one [JAG-R-32]", { sp_name_qualifier: undefined }, "subject_unknown"],
    ["with another nameid_format", { nameid_format: "urn:other" }, "subject_unknown"],
    ["with a name_qualifier more", { name_qualifier: SAML }, "subject_unknown"],
    ["with the name alone", { nameid_format: undefined, sp_name_qualifier: undefined }, "subject_unknown"],
    ["with the name in another case", { nameid: "Admin" }, "subject_unknown"],
    ["with a name that ends in a zero", { nameid: "admin\u0000" }, "subject_unknown"],
    ["with a list of names", { nameid: ["admin"] }, "subject_identifier_invalid"],
    ["with a member that is null", { name_qualifier: null }, "subject_identifier_invalid"],
    ["with a member that nobody knows", { account: "admin" }, "subject_identifier_invalid"],
  ])("%s does not", async (_what, change, reason) => {
    const tenant = await settle();
    expect(await accountOf(tenant, { sub_id: { ...ADMIN, ...change } })).toBe(reason);
    expect((await directoryOf(tenant.organization).find("admin"))?.bindings).toEqual([]);
  });

  it("may not name another account than the one that the subject has", async () => {
    const tenant = await settle({ by: ["saml_nameid", "aud_sub"] });
    await addAccounts(tenant.organization, { account: "ada" });
    expect(await accountOf(tenant, { aud_sub: "ada" })).toBe("ada");
    expect(await accountOf(tenant, { sub_id: ADMIN })).toBe("subject_conflict");
    expect(await accountOf(tenant, { sub: "new", aud_sub: "ada", sub_id: ADMIN })).toBe("subject_conflict");
    expect(await accountOf(tenant, {})).toBe("ada");
  });

  it("must come each time where it is required, also with a subject that is known [JAG-R-33]", async () => {
    const tenant = await settle({ by: ["saml_nameid"], saml_nameid_required: true });
    expect(await accountOf(tenant, { sub_id: ADMIN })).toBe("admin");
    expect(await accountOf(tenant, {})).toBe("subject_identifier_invalid");
    expect(await accountOf(tenant, { sub_id: { format: "iss_sub", iss: SAML, sub: "admin" } })).toBe(
      "subject_identifier_invalid",
    );
  });
});

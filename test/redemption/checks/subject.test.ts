import { describe, expect, it, vi } from "vitest";
import type { JsonObject } from "../../../src/jwt/strict-json.ts";
import { subject } from "../../../src/redemption/checks/subject.ts";
import type { Dependencies } from "../../../src/redemption/dependencies.ts";
import type { Resolved, SubjectQuery } from "../../../src/trust/account.ts";
import { IDP, type Members, ORGANIZATION } from "../../support/documents.ts";
import { makeIdJag, makeIdp, reasonOf } from "../../support/redemption.ts";

type Needs = Parameters<typeof subject>[0];

function known(change: Partial<Needs> = {}): Needs {
  return {
    claims: {},
    idJag: makeIdJag(),
    idp: makeIdp(),
    idpTenant: null,
    organization: ORGANIZATION,
    ...change,
  };
}

/** A directory that answers this, and is watched. */
function answering(resolved: Resolved) {
  return { resolveSubject: vi.fn<Dependencies["resolveSubject"]>(async () => resolved) };
}

const NOBODY = answering("unknown");

describe("subject, automatic", () => {
  it("is the issuer, the tenant and the sub, and a principal of ours", async () => {
    const { subject: found } = await subject(known({ idpTenant: "tenant-a" }), NOBODY);
    expect(found).toMatchObject({ issuer: IDP, tenant: "tenant-a", sub: "user-ada", account: null });
    expect(found.principal).toMatch(/^usr_[\w-]{43}$/);
  });

  it("is the same however often the same user comes", async () => {
    const first = await subject(known({ idJag: makeIdJag({ jti: "1" }) }), NOBODY);
    const second = await subject(known({ idJag: makeIdJag({ jti: "2", hash: "another" }) }), NOBODY);
    expect(second).toEqual(first);
  });

  it.each([
    ["issuer", { issuer: "https://other.example.com" }, null],
    ["tenant", {}, "tenant-b"],
    ["sub", { sub: "user-bob" }, null],
  ])("is another one when the %s is another (ID-JAG §6.3)", async (_member, change, idpTenant) => {
    const ada = await subject(known(), NOBODY);
    const other = await subject(known({ idJag: makeIdJag(change), idpTenant }), NOBODY);
    expect(other.subject.principal).not.toBe(ada.subject.principal);
  });

  it("asks no directory, whatever the assertion says of accounts", async () => {
    const uses = answering({ account: "somebody-else" });
    const claims = { aud_sub: "somebody-else", email: "ada@acme.example", sub_id: "nonsense" };
    const { subject: found } = await subject(known({ claims }), uses);
    expect(found.account).toBeNull();
    expect(uses.resolveSubject).not.toHaveBeenCalled();
  });
});

const SAML_ISSUER = "https://saml.acme.example/entity";
const NAME_ID = { format: "saml-nameid", issuer: SAML_ISSUER, nameid: "ada" };

function strictly(resolution: Members = {}, claims: JsonObject = {}): Needs {
  const idp = makeIdp({
    email_domains: ["acme.example"],
    saml_issuer: SAML_ISSUER,
    subject_resolution: { mode: "strict", ...resolution },
  });
  return known({ idp, claims });
}

async function queryFrom(needs: Needs): Promise<SubjectQuery | undefined> {
  const uses = answering({ account: "acct-ada" });
  await subject(needs, uses);
  return uses.resolveSubject.mock.calls[0]?.[1];
}

describe("subject, strict", () => {
  it("is the account that the directory of its organization finds, under a principal of the account", async () => {
    const uses = answering({ account: "acct-ada" });
    const first = await subject(strictly(), uses);
    const second = await subject(
      { ...strictly(), idJag: makeIdJag({ issuer: "https://b.example", sub: "other" }) },
      uses,
    );
    const elsewhere = await subject({ ...strictly(), organization: "globex" }, uses);
    expect(first.subject).toMatchObject({ issuer: IDP, sub: "user-ada", account: "acct-ada" });
    expect(second.subject.principal).toBe(first.subject.principal);
    expect(elsewhere.subject.principal).not.toBe(first.subject.principal);
    expect(uses.resolveSubject.mock.calls.map(([organization]) => organization)).toEqual(["acme", "acme", "globex"]);
  });

  it.each([
    ["unknown", "subject_unknown"],
    ["conflict", "subject_conflict"],
  ] as const)("is refused when the directory says %s [JAG-R-14]", async (resolved, reason) => {
    expect(await reasonOf(() => subject(strictly(), answering(resolved)))).toBe(reason);
  });

  it("asks by what the record names and by nothing else", async () => {
    const claims = { aud_sub: "acct-ada", email: "ada@acme.example", sub_id: NAME_ID };
    const spelled = JSON.stringify([SAML_ISSUER, "ada", null, null, null, null]);
    const nothing = { account: null, samlNameId: null, email: null };
    expect(await queryFrom(strictly({}, claims))).toEqual({ issuer: IDP, tenant: null, sub: "user-ada", ...nothing });
    expect(await queryFrom(strictly({ by: ["aud_sub"] }, claims))).toMatchObject({ ...nothing, account: "acct-ada" });
    expect(await queryFrom(strictly({ by: ["email"] }, claims))).toMatchObject({
      ...nothing,
      email: "ada@acme.example",
    });
    expect(await queryFrom(strictly({ by: ["saml_nameid"] }, claims))).toMatchObject({
      ...nothing,
      samlNameId: spelled,
    });
  });

  it.each<[string, JsonObject]>([
    ["an address at a domain that the provider does not speak for", { email: "ada@other.example" }],
    ["one that is not verified", { email: "ada@acme.example", email_verified: false }],
    ["one whose verification is a text", { email: "ada@acme.example", email_verified: "true" }],
    ["one whose verification is null", { email: "ada@acme.example", email_verified: null }],
    ["a quoted mailbox with a second @", { email: '"ada@acme.example"@acme.example' }],
    ["two addresses in one", { email: "ada@other.example,eve@acme.example" }],
    ["a display name", { email: "Ada <ada@acme.example>" }],
    ["a domain with a dot at its end", { email: "ada@acme.example." }],
    ["a domain beneath it", { email: "ada@sub.acme.example" }],
    ["no mailbox", { email: "@acme.example" }],
  ])("finds nobody by %s [JAG-R-27]", async (_what, claims) => {
    expect(await queryFrom(strictly({ by: ["email"] }, claims))).toMatchObject({ email: null });
  });

  it("takes an address as verified that nobody says is not [JAG-R-27]", async () => {
    const claims = { email: "Ada+x@ACME.example" };
    expect(await queryFrom(strictly({ by: ["email"] }, claims))).toMatchObject({ email: "Ada+x@acme.example" });
  });

  it.each<[string, unknown]>([
    ["an SAML issuer that is not tied to this one [JAG-R-34]", { ...NAME_ID, issuer: "https://evil.example" }],
    ["one that is a slash longer", { ...NAME_ID, issuer: `${SAML_ISSUER}/` }],
    ["no SAML issuer [JAG-R-30]", { format: "saml-nameid", nameid: "ada" }],
    ["no name [JAG-R-30]", { format: "saml-nameid", issuer: SAML_ISSUER }],
    ["an empty name", { ...NAME_ID, nameid: "" }],
    ["a name that is no text", { ...NAME_ID, nameid: ["ada"] }],
    ["a member that nobody knows", { ...NAME_ID, account: "acct-admin" }],
    ["no object", "ada"],
    ["a list", [NAME_ID]],
    ["a format that is no text", { ...NAME_ID, format: ["saml-nameid"] }],
  ])("refuses a sub_id with %s", async (_what, subId) => {
    const needs = strictly({ by: ["saml_nameid"] }, { sub_id: subId } as JsonObject);
    const uses = answering({ account: "acct-ada" });
    expect(await reasonOf(() => subject(needs, uses))).toBe("subject_identifier_invalid");
    expect(uses.resolveSubject).not.toHaveBeenCalled();
  });

  it("takes no notice of a sub_id that is absent or of another format [JAG-R-31]", async () => {
    for (const claims of [{}, { sub_id: { format: "opaque", id: "x" } }]) {
      expect(await queryFrom(strictly({ by: ["saml_nameid"] }, claims))).toMatchObject({ samlNameId: null });
    }
  });

  it.each<[string, JsonObject]>([
    ["absent", {}],
    ["malformed", { sub_id: { format: "saml-nameid" } }],
    ["of a format that is not supported", { sub_id: { format: "opaque", id: "x" } }],
    ["of an issuer that is not tied", { sub_id: { ...NAME_ID, issuer: "https://evil.example" } }],
  ])("refuses one that is %s where it is required [JAG-R-33]", async (_what, claims) => {
    const needs = strictly({ saml_nameid_required: true }, claims);
    expect(await reasonOf(() => subject(needs, answering({ account: "a" })))).toBe("subject_identifier_invalid");
  });

  it("keeps apart names that differ in any member [JAG-R-32]", async () => {
    const members = ["nameid_format", "name_qualifier", "sp_name_qualifier", "sp_provided_id"];
    const spellings = await Promise.all(
      [{}, ...members.map((member) => ({ [member]: "x" }))].map(async (more) => {
        const query = await queryFrom(strictly({ by: ["saml_nameid"] }, { sub_id: { ...NAME_ID, ...more } }));
        return query?.samlNameId;
      }),
    );
    expect(new Set(spellings).size).toBe(members.length + 1);
  });

  it.each(["", "a b", "-ada", "ada\u0000", "аda", "ada'--", "x".repeat(129), 7, ["ada"], null])(
    "refuses an aud_sub that can be no account's: %o",
    async (audSub) => {
      const needs = strictly({ by: ["aud_sub"] }, { aud_sub: audSub });
      expect(await reasonOf(() => subject(needs, answering({ account: "a" })))).toBe("subject_identifier_invalid");
    },
  );
});

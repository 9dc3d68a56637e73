import { describe, expect, it } from "vitest";
import { idpDocument, type Members, policyDocument } from "../support/documents.ts";
import { redeem, type Scenario, testIdp, verdictOf } from "../support/redemption.ts";

/** B07, B08, B18: the same name at two identity providers, or at two customers of one, is two people. */
const SECOND = "https://second.example.com";

async function subjectOf(scenario: Scenario) {
  const { outcome } = await redeem(scenario);
  if (!outcome.completed) throw new Error(outcome.reason);
  return outcome.known.contents.subject;
}

async function twoIssuers(): Promise<Scenario> {
  const { jwks } = await testIdp();
  return { documents: { others: { idp: [idpDocument({ issuer: SECOND, key_set: jwks })] } } };
}

const tenants: Scenario = {
  documents: {
    idp: { organization: undefined, tenants: { "tenant-a": "acme", "tenant-b": "globex" } },
    others: { policy: [policyDocument({ organization: "globex" })] },
  },
};

describe("one sub and one email at two issuers", () => {
  it("are two subjects", async () => {
    const claims = { sub: "user-ada", email: "ada@acme.example", email_verified: true };
    const world = await twoIssuers();
    const [first, second] = [
      await subjectOf({ ...world, claims }),
      await subjectOf({ ...world, claims: { ...claims, iss: SECOND } }),
    ];
    expect(second.sub).toBe(first.sub);
    expect(second.principal).not.toBe(first.principal);
  });

  it("do not share a permission that names the issuer", async () => {
    const world = await twoIssuers();
    const policy = {
      rules: [
        {
          id: "one",
          effect: "permit",
          issuers: ["https://idp.example.com"],
          clients: "any",
          resources: "any",
          scopes: "any",
        },
      ],
    };
    const documents = { ...world.documents, policy };
    expect(await verdictOf({ documents })).toEqual({ verdict: "granted", consumed: 1 });
    expect(await verdictOf({ documents, claims: { iss: SECOND } })).toEqual({ verdict: "policy_no_rule", consumed: 0 });
  });
});

describe("one sub at two customers of one issuer", () => {
  it("is two subjects, each in its own organization", async () => {
    const [first, second] = [
      await subjectOf({ ...tenants, claims: { tenant: "tenant-a" } }),
      await subjectOf({ ...tenants, claims: { tenant: "tenant-b" } }),
    ];
    expect([first.tenant, second.tenant]).toEqual(["tenant-a", "tenant-b"]);
    expect(second.principal).not.toBe(first.principal);
  });

  it.each<[string, Members]>([
    ["no tenant", {}],
    ["a tenant that is nobody's", { tenant: "tenant-c" }],
    ["another's organization as aud_tenant", { tenant: "tenant-a", aud_tenant: "globex" }],
  ])("is nobody with %s, though the signature is good (ID-JAG §6.1) [JAG-R-14]", async (_what, claims) => {
    expect(await verdictOf({ ...tenants, claims })).toEqual({ verdict: "tenant_not_bound", consumed: 0 });
  });
});

describe("claims that would name somebody else", () => {
  it.each<[string, Members]>([
    ["another's email", { email: "admin@acme.example", email_verified: true }],
    ["our own name for another", { aud_sub: "usr_admin" }],
    [
      "another subject in another format (ID-JAG §9.5)",
      { sub_id: { format: "saml-nameid", issuer: "https://other.example", nameid: "admin" } },
    ],
    ["another subject by issuer", { sub_id: { format: "iss_sub", iss: SECOND, sub: "admin" } }],
    ["an actor", { act: { sub: "admin" } }],
    ["an actor of an actor", { act: { sub: "agent", act: { sub: "admin", client_id: "another" } } }],
    ["a principal", { principal: "usr_admin" }],
    ["a tenant, at an issuer that has none", { tenant: "tenant-b" }],
    ["a preferred name", { preferred_username: "admin", upn: "admin", oid: "admin", groups: ["admins"] }],
  ])("change neither subject nor scope: %s", async (_what, claims) => {
    const [plain, claiming] = [await redeem(), await redeem({ claims })];
    if (!plain.outcome.completed || !claiming.outcome.completed) throw new Error("refused");
    expect(claiming.outcome.known.contents.subject).toEqual(plain.outcome.known.contents.subject);
    expect(claiming.outcome.known.contents.scope).toEqual(plain.outcome.known.contents.scope);
    expect(claiming.outcome.known.contents.clientId).toBe(plain.outcome.known.contents.clientId);
    expect(claiming.outcome.known.organization).toBe("acme");
  });
});

describe("a sub that looks like another", () => {
  it.each([
    "User-Ada",
    "user-ada ",
    " user-ada",
    "user-ada\u0000",
    "user-ada\u200b",
    "user‑ada",
    "usеr-ada",
    "ｕser-ada",
  ])("is another subject, never normalized: %o (A19)", async (sub) => {
    const [ada, other] = [await subjectOf({}), await subjectOf({ claims: { sub } })];
    expect(other.sub).toBe(sub);
    expect(other.principal).not.toBe(ada.principal);
  });

  it("is another one, composed or decomposed", async () => {
    const [composed, decomposed] = [
      await subjectOf({ claims: { sub: "ad\u00e9" } }),
      await subjectOf({ claims: { sub: "ade\u0301" } }),
    ];
    expect(decomposed.principal).not.toBe(composed.principal);
  });
});

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { Requesters } from "../../src/admin/requesters.ts";
import type { SubjectAtIssuer } from "../../src/approval/approval.ts";
import { Outage } from "../../src/audit/reason.ts";
import { accountPrincipal } from "../../src/redemption/principal.ts";
import { accountSchema } from "../../src/trust/account.ts";
import { TestAdmin } from "../support/admin.ts";
import { deskOf, makePresented, newOrganization, subjectAt } from "../support/approvals.ts";
import { IDP } from "../support/documents.ts";

/**
 * Somebody whom his account links to two identity providers has his agent call by the one, and would approve the call as
 * who he is at the other: two eyes, where policy wants four.
 */
const OTHER_IDP = "https://other-idp.example.net";
const ADA_ELSEWHERE: SubjectAtIssuer = { issuer: OTHER_IDP, tenant: "t-1", sub: "ada-at-work" };

let ada: TestAdmin;

beforeAll(async () => {
  // Her document says who she is at one provider, and in which tenant she leaves out.
  ada = await TestAdmin.appoint("approver", {
    groups: ["leads"],
    subjects: [{ issuer: OTHER_IDP, sub: "ada-at-work" }],
  });
});

async function ask(linked: readonly SubjectAtIssuer[], call: { readonly principal?: string } = {}) {
  const organization = newOrganization();
  const account = accountSchema.parse({ account: "ada", subjects: linked });
  const directory = env.ACCOUNT_DIRECTORY.getByName(`accounts/v1/${organization}`);
  expect(await directory.put({ accounts: [account], existing: "keep" })).toEqual([]);
  const result = await deskOf(organization).present(makePresented(organization, { call }));
  if (!("id" in result)) throw new TypeError(result.outcome);
  return { organization, path: `/admin/v1/approvals/${result.id}` };
}

describe("a call of one's own, by another identity provider", () => {
  it("is not approved, nor denied, nor shown, by who is linked to its requester", async () => {
    const { organization, path } = await ask([subjectAt("ada"), ADA_ELSEWHERE]);
    for (const verdict of ["approved", "denied"]) {
      const request = { method: "POST", body: JSON.stringify({ verdict }) };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await ada.call(`${path}/decision`, request)).toMatchObject({
        status: 403,
        body: { reason: "admin_approval_own" },
      });
    }
    expect((await ada.call(path)).body).toMatchObject({ obstacle: "own_request", call: null });
    const listed = await ada.call(`/admin/v1/approvals?organization=${organization}`);
    expect(listed.body).toMatchObject({ approvals: [{ obstacle: "own_request" }] });
    expect(await deskOf(organization).present(makePresented(organization))).toMatchObject({ outcome: "pending" });
  });

  it("is somebody else's where nothing links the two", async () => {
    const { path } = await ask([subjectAt("ada")]);
    const request = { method: "POST", body: JSON.stringify({ verdict: "approved" }) };
    expect((await ada.call(`${path}/decision`, request)).body).toMatchObject({ state: "approved" });
  });

  it("is recognized by the account that called, although its subject is bound to it no more", async () => {
    const bound = { ...ADA_ELSEWHERE, tenant: null };
    const accounts = {
      accountOf: async (_organization: string, { issuer }: SubjectAtIssuer) => (issuer === IDP ? null : "ada"),
      find: async () => null,
    };
    const call = {
      organization: "acme",
      requester: subjectAt("ada"),
      principal: await accountPrincipal("acme", "ada"),
    };
    expect(await new Requesters(accounts).includes(call, { subjects: [bound] })).toBe(true);
    const another = { ...call, principal: await accountPrincipal("acme", "bob") };
    expect(await new Requesters(accounts).includes(another, { subjects: [bound] })).toBe(false);
  });

  it("is decided by nobody while the directory does not answer", async () => {
    const accountOf = (): Promise<string | null> => Promise.reject(new Outage("accounts_unavailable"));
    const asked = { organization: "acme", requester: subjectAt("ada"), principal: "usr_ada" };
    const includes = new Requesters({ accountOf, find: async () => null }).includes(asked, {
      subjects: [ADA_ELSEWHERE],
    });
    await expect(includes).rejects.toThrow(Outage);
  });
});

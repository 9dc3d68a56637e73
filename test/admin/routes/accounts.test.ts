import { beforeAll, describe, expect, it } from "vitest";
import { accountOf, directoryOf } from "../../support/accounts.ts";
import { TestAdmin } from "../../support/admin.ts";
import type { Members } from "../../support/documents.ts";
import { Tenant } from "../../support/tenant.ts";

let operator: TestAdmin;
let viewer: TestAdmin;

beforeAll(async () => {
  [operator, viewer] = await Promise.all([TestAdmin.appoint("operator"), TestAdmin.appoint("viewer")]);
});

function pathOf(organization: string): string {
  return `/admin/v1/accounts/${organization}`;
}

function post(path: string, body: Members, admin = operator) {
  return admin.call(path, { method: "POST", body: JSON.stringify(body) });
}

const ADA = { account: "ada", name: "Ada", emails: ["ada@acme.example"], saml_nameids: [], subjects: [] };

describe("accounts", () => {
  it("are written, found by what they state, shown with who came, unbound and removed", async () => {
    const by = { email_domains: ["acme.example"], subject_resolution: { mode: "strict", by: ["email"] } };
    const tenant = await Tenant.settle({ idp: by });
    const path = pathOf(tenant.organization);
    expect(await post(path, { accounts: [ADA] })).toMatchObject({ status: 200, body: { written: 1 } });
    expect((await viewer.call(path)).body).toEqual({ accounts: [ADA], after: null });
    expect(await accountOf(tenant, { email: "ada@acme.example" })).toBe("ada");

    const shown = await viewer.call(`${path}/ada`);
    const subject = { issuer: tenant.idp.issuer, tenant: null, sub: "user-ada" };
    expect(shown.body).toMatchObject({ account: ADA, bindings: [{ ...subject, bound_by: "email" }] });

    expect((await post(`${path}/unbind`, subject)).status).toBe(200);
    expect((await post(`${path}/unbind`, subject)).body).toMatchObject({ reason: "admin_account_unknown" });
    expect((await operator.call(`${path}/ada`, { method: "DELETE" })).status).toBe(200);
    expect((await viewer.call(`${path}/ada`)).body).toMatchObject({ reason: "admin_account_unknown" });
    const deeds = (await operator.record()).filter((event) => event.organization === tenant.organization);
    expect(deeds.map(({ action, decision }) => `${action} ${decision}`)).toEqual(
      expect.arrayContaining(["created granted", "changed granted", "removed granted"]),
    );
  });

  it("are written all or none, and say where what is taken stands, not whose it is", async () => {
    const path = pathOf(`org-${crypto.randomUUID()}`);
    await post(path, { accounts: [ADA] });
    const eve = { account: "eve", emails: ["ada@acme.example"] };
    const refused = await post(path, { accounts: [{ account: "bob" }, eve] });
    expect(refused).toMatchObject({ status: 409, body: { reason: "admin_account_conflict", path: "accounts.1" } });
    expect((await post(path, { accounts: [ADA] })).status).toBe(409);
    expect((await post(path, { accounts: [ADA], existing: "replace" })).status).toBe(200);
    expect((await viewer.call(path)).body).toEqual({ accounts: [ADA], after: null });
  });

  it.each<[string, Members]>([
    ["an id that is none", { accounts: [{ account: "a b" }] }],
    ["an address that is none", { accounts: [{ account: "a", emails: ["ada"] }] }],
    ["a member that nobody knows", { accounts: [{ account: "a", admin: true }] }],
    ["none at all", { accounts: [] }],
  ])("with %s are not written", async (_what, body) => {
    const organization = `org-${crypto.randomUUID()}`;
    expect(await post(pathOf(organization), body)).toMatchObject({ body: { reason: "admin_request_malformed" } });
    expect(await directoryOf(organization).list("")).toEqual([]);
  });

  it("are a viewer's to read, and not to change", async () => {
    const path = pathOf(`org-${crypto.randomUUID()}`);
    expect((await post(path, { accounts: [ADA] }, viewer)).body).toMatchObject({ reason: "admin_role_insufficient" });
    expect((await viewer.call(`${path}/ada`, { method: "DELETE" })).status).toBe(403);
  });
});

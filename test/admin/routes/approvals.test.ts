import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { SealedTexts } from "../../../src/jwt/sealed-text.ts";
import { TestAdmin } from "../../support/admin.ts";
import { deskOf, makePresented, newOrganization, subjectAt } from "../../support/approvals.ts";

let boss: TestAdmin;
let viewer: TestAdmin;

const LEAD = { groups: ["leads"], subjects: [subjectAt("boss")] };

beforeAll(async () => {
  [boss, viewer] = await Promise.all([TestAdmin.appoint("approver", LEAD), TestAdmin.appoint("viewer", LEAD)]);
});

type Asking = Parameters<typeof makePresented>[1];

async function ask(asking: Asking = {}) {
  const organization = newOrganization();
  const result = await deskOf(organization).present(makePresented(organization, asking));
  if (!("id" in result)) throw new TypeError(result.outcome);
  return { organization, id: result.id, path: `/admin/v1/approvals/${result.id}` };
}

function decide(path: string, verdict: string, admin = boss) {
  return admin.call(`${path}/decision`, { method: "POST", body: JSON.stringify({ verdict }) });
}

describe("what waits for approval", () => {
  it("is listed and shown: who, through which agent, which tool, by which rule and until when", async () => {
    const { organization, id, path } = await ask();
    const listed = await viewer.call(`/admin/v1/approvals?organization=${organization}`);
    expect(listed.body).toMatchObject({ approvals: [{ id, state: "pending", tool: "pay", call: null }] });
    const shown = await boss.call(path);
    expect(shown.body).toMatchObject({
      id,
      organization,
      requester: subjectAt("ada"),
      client_id: "agent",
      argument_names: ["amount"],
      rules: [{ rule: "held", approvers: { groups: ["leads"] } }],
      decided_by: null,
      obstacle: null,
    });
  });

  it("shows what it says to whoever may decide, and to nobody else", async () => {
    const sealed = await new SealedTexts(env.STATE_SECRET, "arguments of held calls v1").seal('{"amount":1}', "key");
    const { organization, path } = await ask({ call: { sealedCall: sealed } });
    const callFor = async (admin: TestAdmin) => (await admin.call(path)).body["call"];
    const other = await TestAdmin.appoint("approver", { ...LEAD, groups: [] });
    const requester = await TestAdmin.appoint("approver", { ...LEAD, subjects: [subjectAt("ada")] });
    expect(await callFor(boss)).toBe('{"amount":1}');
    expect([await callFor(viewer), await callFor(other), await callFor(requester)]).toEqual([null, null, null]);
    const listed = await boss.call(`/admin/v1/approvals?organization=${organization}`);
    expect(listed.text).not.toContain('amount\\":1');
  });

  it("that was moved from another request opens for nobody", async () => {
    const sealed = await new SealedTexts(env.STATE_SECRET, "arguments of held calls v1").seal(
      '{"amount":1}',
      "another",
    );
    const { path } = await ask({ call: { sealedCall: sealed } });
    expect((await boss.call(path)).body["call"]).toBeNull();
  });

  it("is approved by an approver, once, with his name in the records", async () => {
    const { organization, id, path } = await ask();
    expect((await decide(path, "approved")).body).toMatchObject({ id, state: "approved", decided_by: boss.name });
    expect(await deskOf(organization).present(makePresented(organization))).toMatchObject({ outcome: "consumed", id });
    expect((await decide(path, "denied")).body).toMatchObject({ reason: "admin_approval_over" });
    const deeds = (await boss.record()).filter((event) => event.approval_id === id);
    expect(deeds.map(({ type, action, decision }) => `${type} ${action} ${decision}`)).toEqual(
      expect.arrayContaining([
        "admin_action approved granted",
        "approval approved granted",
        "admin_action denied refused",
      ]),
    );
  });

  it("is denied", async () => {
    const { organization, path } = await ask();
    expect((await decide(path, "denied")).body).toMatchObject({ state: "denied", decided_by: boss.name });
    expect(await deskOf(organization).present(makePresented(organization))).toMatchObject({ outcome: "denied" });
  });

  it.each<[string, string, object, number, string]>([
    ["a viewer", "viewer", LEAD, 403, "admin_role_insufficient"],
    ["an operator", "operator", LEAD, 403, "admin_role_insufficient"],
    ["who asked", "approver", { ...LEAD, subjects: [subjectAt("ada")] }, 403, "admin_approval_own"],
    ["whom the rule does not name", "approver", { ...LEAD, groups: ["others"] }, 403, "admin_approver_not_named"],
    ["who does not say who he is", "approver", { groups: ["leads"] }, 403, "admin_approver_unidentified"],
  ])("is not decided by %s", async (_who, role, members, status, reason) => {
    const admin = await TestAdmin.appoint(role, { ...members });
    const { organization, path } = await ask();
    for (const verdict of ["approved", "denied"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await decide(path, verdict, admin)).toMatchObject({ status, body: { reason } });
    }
    expect(await deskOf(organization).present(makePresented(organization))).toMatchObject({ outcome: "pending" });
    const deeds = (await admin.record()).map(({ action, decision }) => `${action} ${decision}`);
    expect(deeds.some((deed) => deed.endsWith("granted"))).toBe(false);
  });

  it.each([
    "/admin/v1/approvals/acme~AAAAAAAAAAAAAAAAAAAAAA",
    "/admin/v1/approvals/nothing",
    "/admin/v1/approvals/a%2Fb~AAAAAAAAAAAAAAAAAAAAAA",
  ])("is there: %s is not", async (path) => {
    expect(await boss.call(path)).toMatchObject({ status: 404, body: { reason: "admin_approval_unknown" } });
    expect(await decide(path, "approved")).toMatchObject({ status: 404, body: { reason: "admin_approval_unknown" } });
  });

  it("is decided in these two words alone, and listed for one organization", async () => {
    const { path } = await ask();
    expect((await decide(path, "consumed")).status).toBe(400);
    expect((await boss.call("/admin/v1/approvals")).status).toBe(400);
    expect((await boss.call("/admin/v1/approvals?organization=a%20b")).status).toBe(400);
  });
});

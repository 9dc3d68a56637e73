import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import type { Members } from "../../support/documents.ts";
import { TestAdmin } from "../../support/admin.ts";
import { Tenant } from "../../support/tenant.ts";

const EXPLAIN = "/admin/v1/explain";

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

function ask(admin: TestAdmin, question: Members | string) {
  const body = typeof question === "string" ? question : JSON.stringify(question);
  return admin.call(EXPLAIN, { method: "POST", body });
}

describe("explain_decision", () => {
  it("tells a viewer what the token endpoint would do with these claims, by which rule, and what it took for granted", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("viewer"), await Tenant.settle()];
    const claims = { iss: tenant.idp.issuer, sub: "user-ada", scope: "files:read files:write" };
    const answer = await ask(admin, { client: tenant.clientId, claims, scope: "files:read" });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        decision: "granted",
        scope_granted: "files:read",
        organization: tenant.organization,
        resource: tenant.resource,
        policy_rules: ["agent-reads-files"],
        assumed: ["aud", "client_id", "jti", "iat", "exp"],
        not_checked: ["client authentication", "signature", "which account the subject has", "single use"],
      },
    });
    expect((await tenant.redeem({ form: { scope: "files:read" } })).body).toMatchObject({ scope: "files:read" });
  });

  it.each<[string, Members, Members, string]>([
    ["a scope that no rule grants", { scopes: ["files:read"] }, { scope: "files:write" }, "invalid_scope"],
    ["a group that the person lacks", { groups: ["staff"] }, {}, "invalid_grant"],
    ["a sign-in that is too weak", { acr: ["gold"] }, {}, "insufficient_user_authentication"],
    ["another audience", {}, { claims: { aud: "https://elsewhere.example" } }, "invalid_grant"],
    ["a header of another kind of JWT", {}, { header: { typ: "JWT", alg: "ES256" } }, "invalid_grant"],
  ])(
    "refuses %s with the error that the client is told",
    async (_what, rule, { claims = {}, header, ...asked }, told) => {
      const [admin, tenant] = [await TestAdmin.appoint("viewer"), await Tenant.settle({ rule })];
      const all = tenant.claims(claims as Members);
      const { body } = await ask(admin, {
        client: tenant.clientId,
        claims: all,
        ...(header ? { header } : {}),
        ...asked,
      });
      const assertion = await tenant.assertion(claims as Members, header ? { header: header as Members } : {});
      const real = await tenant.redeem({ form: { assertion, ...(asked as { scope?: string }) } });
      expect([body["decision"], body["error"]]).toEqual(["refused", real.body["error"]]);
      expect(real.body["error"]).toBe(told);
    },
  );

  it("judges as of the time that is asked about", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("viewer"), await Tenant.settle()];
    const claims = tenant.claims({ iat: 1_600_000_000, exp: 1_600_000_100 });
    const question = { client: tenant.clientId, claims };
    expect((await ask(admin, question)).body).toMatchObject({ reason: "assertion_expired" });
    const then = await ask(admin, { ...question, at: "2020-09-13T12:26:45Z" });
    expect(then.body).toMatchObject({ decision: "granted" });
  });

  it("is on record as something read, with what our own documents say and nothing that was asked about", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("viewer"), await Tenant.settle()];
    const canary = "claim-that-nobody-records";
    await ask(admin, { client: tenant.clientId, claims: tenant.claims({ sub: canary, groups: [canary] }) });
    await ask(admin, { client: `${canary}-client`, claims: { iss: canary, sub: canary } });
    await vi.waitFor(async () => expect(await admin.record()).toHaveLength(2));
    const events = await admin.record();
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "admin_action",
        action: "read",
        operation: "explain_decision",
        decision: "granted",
        organization: tenant.organization,
        resource: tenant.resource,
      }),
    );
    expect(JSON.stringify(events)).not.toContain(canary);
  });

  it("says that a broken document is ours to mend, and which kind of failure it is", async () => {
    const [admin, tenant] = [await TestAdmin.appoint("viewer"), await Tenant.settle()];
    await env.TRUST_AND_POLICY.put(`policy:${tenant.organization}`, "{");
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { body } = await ask(admin, { client: tenant.clientId, claims: tenant.claims() });
    expect(body).toMatchObject({ decision: "failed", reason: "trust_document_invalid", rules: [] });
  });

  it.each<[string, Members | string, number, string]>([
    ["without claims", { client: "agent" }, 400, "admin_request_malformed"],
    ["with a member that there is not", { client: "a", claims: {}, assertion: "x" }, 400, "admin_request_malformed"],
    ["with claims that are no object", { client: "a", claims: ["iss"] }, 400, "admin_request_malformed"],
    ["as of no time", { client: "a", claims: {}, at: "yesterday" }, 400, "admin_request_malformed"],
    ["with a claim twice", '{"client":"a","claims":{"sub":"a","sub":"b"}}', 400, "admin_request_malformed"],
    [
      "with a scope beyond a token request",
      { client: "a", claims: {}, scope: "x".repeat(40_000) },
      400,
      "admin_request_malformed",
    ],
    ["too large", { client: "a", claims: { x: "x".repeat(LIMITS.adminBodyBytes) } }, 413, "admin_body_too_large"],
  ])("refuses a question %s", async (_what, question, status, reason) => {
    const admin = await TestAdmin.appoint("viewer");
    expect(await ask(admin, question)).toMatchObject({ status, body: { reason } });
  });
});

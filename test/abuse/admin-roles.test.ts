import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ADMIN_ROUTES } from "../../src/admin/routes.ts";
import { TestAdmin } from "../support/admin.ts";
import { adminDocument, policyDocument } from "../support/documents.ts";

/** K05: a role does what it is for; and nobody who administers by the API makes more of himself by it. */
const CHANGES = ADMIN_ROUTES.filter(({ method, role }) => method !== "GET" && role === "operator");

describe("a viewer or an approver", () => {
  it("may call no operation that changes trust or policy, whatever he sends", async () => {
    expect(CHANGES.length).toBeGreaterThan(1);
    for (const role of ["viewer", "approver"]) {
      const admin = await TestAdmin.appoint(role);
      for (const { method, path } of CHANGES) {
        const where = path.replace("{kind}", "policy").replaceAll(/\{\w+\}/g, "acme");
        const answer = await admin.call(where, { method, body: "{}", headers: { "if-none-match": "*" } });
        expect(answer, `${role} ${method} ${path}`).toMatchObject({
          status: 403,
          body: { reason: "admin_role_insufficient" },
        });
      }
      const refused = (await admin.record()).filter(({ decision }) => decision === "refused");
      expect(refused).toHaveLength(CHANGES.length);
    }
  });

  it("every operation states the role that it is for, and only reading is for a viewer", () => {
    expect(ADMIN_ROUTES.every(({ role }) => ["viewer", "operator", "approver"].includes(role))).toBe(true);
  });
});

describe("an operator", () => {
  it("appoints, changes and removes no administrator, himself least of all", async () => {
    const admin = await TestAdmin.appoint("operator");
    const before = await env.TRUST_AND_POLICY.get(`admin:${admin.name}`);
    const path = `/admin/v1/documents/admin/${admin.name}`;
    const etag = (await admin.call(path)).headers.get("etag") ?? "";
    const body = JSON.stringify({ ...JSON.parse(before ?? "{}"), role: "approver" });
    const attempts = [
      [path, { method: "PUT", body, headers: { "if-match": etag } }],
      [path, { method: "DELETE", headers: { "if-match": etag } }],
      [
        "/admin/v1/documents/admin/ada@acme.example",
        { method: "PUT", body: JSON.stringify(adminDocument()), headers: { "if-none-match": "*" } },
      ],
    ] as const;
    for (const [where, request] of attempts) {
      expect(await admin.call(where, request)).toMatchObject({
        status: 403,
        body: { reason: "admin_document_protected" },
      });
    }
    expect(await env.TRUST_AND_POLICY.get(`admin:${admin.name}`)).toBe(before);
    expect(await env.TRUST_AND_POLICY.get("admin:ada@acme.example")).toBeNull();
  });

  it("whose document says less from now on may do less, as soon as documents are read again", async () => {
    const admin = await TestAdmin.appoint("operator");
    const authentication = { kind: "key", key_set: { keys: [admin.key.publicJwk] } };
    const demoted = JSON.stringify({ name: admin.name, role: "viewer", authentication });
    await env.TRUST_AND_POLICY.put(`admin:${admin.name}`, demoted);
    const path = `/admin/v1/documents/policy/org-${crypto.randomUUID()}`;
    const body = JSON.stringify(policyDocument());
    expect((await admin.call(path, { method: "PUT", body, headers: { "if-none-match": "*" } })).status).toBe(403);
  });
});

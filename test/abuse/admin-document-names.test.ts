import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { TestAdmin } from "../support/admin.ts";
import { idpDocument, policyDocument } from "../support/documents.ts";

/** K10, E08: a name is one segment, decoded once; no spelling of it reaches another document or another route. */
let admin: TestAdmin;

beforeAll(async () => {
  admin = await TestAdmin.appoint("operator");
});

const NEW = { "if-none-match": "*" };

describe("a name in the path", () => {
  it("may hold slashes and spaces, encoded, and is what the document says", async () => {
    const issuer = `https://idp.example.com/${crypto.randomUUID()}/a%2Fb`;
    const path = `/admin/v1/documents/idp/${encodeURIComponent(issuer)}`;
    const body = JSON.stringify(idpDocument({ issuer }));
    expect((await admin.call(path, { method: "PUT", body, headers: NEW })).status).toBe(200);
    expect(await env.TRUST_AND_POLICY.get(`idp:${issuer}`)).toBe(body);
  });

  it.each([
    ["a slash that is not encoded", "https://idp.example.com"],
    ["two segments", "acme/x"],
    ["a step up", "../admin"],
    ["an encoded step up", "%2e%2e%2fadmin%2fx"],
    ["a step up, encoded twice", "%252e%252e"],
    ["NUL", "acme%00"],
    ["a line break", "acme%0Aadmin:x"],
    ["half a percent sign", "%"],
    ["bytes that are not UTF-8", "%ff%fe"],
    ["an overlong slash", "%c0%af"],
    ["nothing", ""],
    ["a name longer than a key", "x".repeat(600)],
    ["another name than the document's", "acme2"],
    ["a prefix of its own", "admin:x"],
    ["a matrix parameter", "acme;x=1"],
    ["a trailing dot", "acme."],
    ["an encoded letter too many", "%61cme%20"],
  ])("that is %s writes nothing", async (_what, name) => {
    const before = (await env.TRUST_AND_POLICY.list()).keys.map((key) => key.name);
    const body = JSON.stringify(policyDocument({ organization: "acme" }));
    const path = new URL(`/admin/v1/documents/policy/${name}`, env.ISSUER).pathname;
    const answer = await admin.call(path, { method: "PUT", body, headers: NEW });
    expect([400, 404, 405, 422], `${path} is ${answer.status}`).toContain(answer.status);
    expect((await env.TRUST_AND_POLICY.list()).keys.map((key) => key.name)).toEqual(before);
  });

  it.each([
    "/admin/v1//documents",
    "/admin/v1/documents/",
    "/admin/v1/Documents",
    "/admin/%761/documents",
    "/admin/v2",
  ])("of an operation is spelled as in the table: %s is none", async (path) => {
    expect((await admin.call(path)).status).toBe(404);
  });
});

describe("a body", () => {
  it("larger than any document is refused before it is looked at", async () => {
    const body = JSON.stringify({ organization: "x".repeat(LIMITS.adminBodyBytes) });
    const answer = await admin.call("/admin/v1/documents/policy/x", { method: "PUT", body, headers: NEW });
    expect(answer).toMatchObject({ status: 413, body: { reason: "admin_body_too_large" } });
  });

  it("is quoted in no answer and in no record, whatever is wrong with it", async () => {
    const canary = `canary${crypto.randomUUID()}`;
    const bodies = [
      `{"organization":"${canary}","rules":"${canary}"}`,
      `{"organization":"acme","rules":[{"id":"${canary} ","effect":"${canary}","clients":["${canary}"]}]}`,
      `{"organization":7,"rules":[{"condition":"${canary}"}]}`,
      `"${canary}"`,
      `{"${canary}`,
    ];
    for (const body of bodies) {
      const answer = await admin.call("/admin/v1/documents/policy/acme", { method: "PUT", body, headers: NEW });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain(canary);
    }
    expect(JSON.stringify(await admin.record())).not.toContain(canary);
  });
});

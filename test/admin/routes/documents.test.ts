import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { TestAdmin } from "../../support/admin.ts";
import { policyDocument } from "../../support/documents.ts";

let viewer: TestAdmin;

beforeAll(async () => {
  viewer = await TestAdmin.appoint("viewer");
});

function newPolicy() {
  const organization = `org-${crypto.randomUUID()}`;
  const text = JSON.stringify(policyDocument({ organization }));
  return { organization, text, key: `policy:${organization}`, path: `/admin/v1/documents/policy/${organization}` };
}

const NEW = { "if-none-match": "*" };

describe("a document", () => {
  it("is created, read, replaced and removed, each with its record of before and after", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, text } = newPolicy();
    const created = await admin.call(path, { method: "PUT", body: text, headers: NEW });
    expect(created).toMatchObject({ status: 200, body: { key, effective_within_seconds: 1 } });
    const first = String(created.body["revision"]);
    expect(created.headers.get("etag")).toBe(`"${first}"`);
    expect(await env.TRUST_AND_POLICY.get(key)).toBe(text);

    const read = await viewer.call(path);
    expect(read.body).toEqual({ key, revision: first, text, problem: null });

    const edited = text.replace("agent-reads-files", "agent-reads");
    const replaced = await admin.call(path, { method: "PUT", body: edited, headers: { "if-match": `"${first}"` } });
    const second = String(replaced.body["revision"]);
    expect([replaced.status, second === first]).toEqual([200, false]);

    const removed = await admin.call(path, { method: "DELETE", headers: { "if-match": `"${second}"` } });
    expect(removed).toMatchObject({ status: 200, body: { key, revision: null } });
    expect(await env.TRUST_AND_POLICY.get(key)).toBeNull();
    expect((await viewer.call(path)).body).toMatchObject({ reason: "admin_document_unknown" });

    const facts = (await admin.record()).map(({ action, document_key, revision_before, revision_after }) => [
      action,
      document_key,
      revision_before,
      revision_after,
    ]);
    expect(facts.toSorted()).toEqual(
      [
        ["created", key, undefined, first],
        ["changed", key, first, second],
        ["removed", key, second, undefined],
      ].toSorted(),
    );
  });

  // K07: two people who edit the same revision.
  it("is replaced by one of many who mean the same revision, and the others hear of it", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, text } = newPolicy();
    const created = await admin.call(path, { method: "PUT", body: text, headers: NEW });
    const headers = { "if-match": created.headers.get("etag") ?? "" };
    const bodies = Array.from({ length: 8 }, (_, at) => text.replace("agent-reads-files", `rule-${at}`));
    const answers = await Promise.all(bodies.map((body) => admin.call(path, { method: "PUT", body, headers })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    const winner = bodies[answers.findIndex(({ status }) => status === 200)];
    expect(await env.TRUST_AND_POLICY.get(key)).toBe(winner);
  });

  it("is not created where there is one, nor replaced or removed without saying which revision", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, text } = newPolicy();
    await env.TRUST_AND_POLICY.put(key, text);
    const body = text.replace("agent-reads-files", "other");
    const attempts = [
      [{ method: "PUT", body, headers: NEW }, 412],
      [{ method: "PUT", body }, 428],
      [{ method: "DELETE" }, 428],
      [{ method: "DELETE", headers: NEW }, 428],
      [{ method: "PUT", body, headers: { "if-match": "*" } }, 428],
      [{ method: "PUT", body, headers: { "if-match": '"AAAA"' } }, 412],
      [{ method: "PUT", body, headers: { "if-match": 'W/"AAAA"' } }, 428],
      [{ method: "PUT", body, headers: { "if-match": '"AAAA"', ...NEW } }, 428],
    ] as const;
    for (const [request, status] of attempts) {
      expect((await admin.call(path, request)).status, JSON.stringify(request)).toBe(status);
    }
    expect(await env.TRUST_AND_POLICY.get(key)).toBe(text);
  });

  it("that does not parse is refused with its path and reason, and never written [CVE-2026-15572]", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, organization } = newPolicy();
    const broken = [
      [JSON.stringify(policyDocument({ organization, rules: [{ id: "x" }] })), "rules.0.effect"],
      [JSON.stringify(policyDocument({ organization: "somebody-else" })), "organization"],
      [JSON.stringify({ ...policyDocument({ organization }), owner: "x" }), "owner"],
    ] as const;
    for (const [body, at] of broken) {
      const answer = await admin.call(path, { method: "PUT", body, headers: NEW });
      expect(answer).toMatchObject({ status: 422, body: { reason: "admin_document_invalid", path: at } });
    }
    const twice = await admin.call(path, { method: "PUT", body: '{"rules":[],"rules":[]}', headers: NEW });
    expect(twice).toMatchObject({ status: 400, body: { detail: "the body: duplicate member" } });
    expect(await env.TRUST_AND_POLICY.get(key)).toBeNull();
  });

  it("that was broken by hand is shown with what is wrong, and can be mended", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, text } = newPolicy();
    await env.TRUST_AND_POLICY.put(key, "{");
    const read = await viewer.call(path);
    expect(read.body).toMatchObject({ text: "{", problem: { path: "", reason: expect.any(String) as string } });
    const headers = { "if-match": read.headers.get("etag") ?? "" };
    expect((await admin.call(path, { method: "PUT", body: text, headers })).status).toBe(200);
  });

  it("is not changed before the record of it is durable", async () => {
    const admin = await TestAdmin.appoint("operator");
    const { path, key, text } = newPolicy();
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const put = vi.spyOn(env.TRUST_AND_POLICY, "put").mockRejectedValue(new Error("secret-canary"));
    const answer = await admin.call(path, { method: "PUT", body: text, headers: NEW });
    put.mockRestore();
    expect([answer.status, answer.body["reason"]]).toEqual([503, "trust_unavailable"]);
    const facts = (await admin.record()).map(({ decision, reason, document_key }) => [decision, reason, document_key]);
    expect(facts).toHaveLength(2);
    expect(facts).toContainEqual(["granted", undefined, key]);
    expect(facts).toContainEqual(["failed", "trust_unavailable", key]);
  });
});

describe("the list", () => {
  it("has every document once, a page at a time, and nothing else that is kept there", async () => {
    const mine = Array.from({ length: 25 }, newPolicy);
    await Promise.all(mine.map(({ key, text }) => env.TRUST_AND_POLICY.put(key, text)));
    await env.TRUST_AND_POLICY.put("other:thing", "x");
    const listed: string[] = [];
    let cursor: unknown = null;
    let pages = 0;
    do {
      const query: string = cursor === null ? "" : `?cursor=${encodeURIComponent(String(cursor))}`;
      const { body, status } = await viewer.call(`/admin/v1/documents${query}`);
      expect(status).toBe(200);
      listed.push(...(body["documents"] as { key: string }[]).map(({ key }) => key));
      cursor = body["cursor"];
      pages += 1;
    } while (cursor !== null && pages < 100);
    expect(mine.every(({ key }) => listed.includes(key))).toBe(true);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).not.toContain("other:thing");
    const { body } = await viewer.call("/admin/v1/documents?kind=admin");
    expect((body["documents"] as { key: string }[]).every(({ key }) => key.startsWith("admin:"))).toBe(true);
  });

  it.each(["?kind=other", "?cursor=..", "?kind=idp&kind=policy", `?cursor=${"x".repeat(1500)}`])(
    "takes no %s",
    async (query) => {
      expect((await viewer.call(`/admin/v1/documents${query}`)).status).toBe(query === "?cursor=.." ? 200 : 400);
    },
  );
});

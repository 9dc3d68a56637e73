import { describe, expect, it, vi } from "vitest";
import { callWith, TestAdmin } from "../support/admin.ts";

/** What a log, a proxy or a shoulder kept of a signed request opens nothing. */
const PATH = "/admin/v1/openapi.json";

describe("a signed admin request", () => {
  it("serves once, however many send it at once", async () => {
    const admin = await TestAdmin.appoint("operator");
    const token = await admin.token(PATH);
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(token, PATH)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
    await vi.waitFor(async () => {
      const reasons = (await admin.record()).map(({ reason }) => reason);
      expect(reasons.filter((reason) => reason === "admin_token_replayed")).toHaveLength(19);
    });
  });

  it("serves neither another body, path, method nor query", async () => {
    const admin = await TestAdmin.appoint("operator");
    const signed = { method: "PUT", body: "{}" };
    const path = "/admin/v1/documents/policy/acme";
    const attempts = [
      [path, { method: "PUT", body: '{"a":1}' }],
      [path, { method: "DELETE", body: "{}" }],
      [`${path}x`, signed],
      [`${path}?a=1`, signed],
      [path.toUpperCase(), signed],
    ] as const;
    for (const [where, request] of attempts) {
      const answer = await callWith(await admin.token(path, signed), where, request);
      expect(answer.status, `${where} ${request.body}`).not.toBe(200);
      expect([401, 404]).toContain(answer.status);
    }
  });

  // A body that is swapped must not spend the signature of the one who meant another.
  it("is not spent by whoever swaps its body", async () => {
    const admin = await TestAdmin.appoint("operator");
    const token = await admin.token(PATH);
    expect((await callWith(token, PATH, { method: "POST", body: "{}" })).status).toBe(401);
    expect((await callWith(token, PATH)).status).toBe(200);
  });
});

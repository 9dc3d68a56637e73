import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { TestAdmin } from "../support/admin.ts";

const DESCRIPTION = "/admin/v1/openapi.json";

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));
afterEach(() => {
  vi.restoreAllMocks();
});

describe("an administrator with a key", () => {
  it("reads what his role allows, and the record says who read what", async () => {
    const admin = await TestAdmin.appoint("viewer");
    const answer = await admin.call(DESCRIPTION);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ openapi: "3.1.0" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    await vi.waitFor(async () => expect(await admin.record()).toHaveLength(1));
    const [event] = await admin.record();
    expect(event).toMatchObject({
      type: "admin_action",
      action: "read",
      operation: "describe_api",
      decision: "granted",
      correlation_id: answer.headers.get("crossgate-correlation-id"),
    });
  });

  it("who asks for what there is not is told so, in the form of a problem, and it is on record", async () => {
    const admin = await TestAdmin.appoint("operator");
    const answer = await admin.call("/admin/v1/nothing");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const correlation_id = answer.headers.get("crossgate-correlation-id");
    expect(answer.body).toEqual({
      status: 404,
      title: expect.any(String) as string,
      reason: "admin_route_unknown",
      correlation_id,
    });
    const [event] = await admin.record();
    expect(event).not.toHaveProperty("operation");
    expect(event).toMatchObject({
      decision: "refused",
      reason: "admin_route_unknown",
      correlation_id,
    });
  });

  it("who uses another method hears which there are", async () => {
    const admin = await TestAdmin.appoint("operator");
    const answer = await admin.call(DESCRIPTION, { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });

  it("who adds a parameter that the operation does not have is refused", async () => {
    const admin = await TestAdmin.appoint("viewer");
    const answer = await admin.call(`${DESCRIPTION}?verbose=1`);
    expect(answer).toMatchObject({ status: 400, body: { reason: "admin_request_malformed" } });
  });

  it("who is refused is on record with what he was about to do, and not as a reader", async () => {
    const [viewer, operator] = [await TestAdmin.appoint("viewer"), await TestAdmin.appoint("operator")];
    const what = { what: { kind: "client", client_id: "nobody" } };
    const document = "/admin/v1/documents/client/nobody";
    await viewer.call(document, { method: "DELETE" });
    await viewer.call(document, { method: "PUT", body: "{}" });
    await viewer.call("/admin/v1/revocations", { method: "POST", body: JSON.stringify(what) });
    await viewer.call("/admin/v1/vault/connections/end", { method: "POST", body: "{}" });
    await viewer.call("/admin/v1/nothing", { method: "DELETE" });
    await operator.call(document, { method: "DELETE" });
    await operator.call("/admin/v1/revocations/preview", { method: "POST", body: "{}" });
    const actions = async (admin: TestAdmin) =>
      (await admin.record()).map(({ action, decision }) => [action, decision]);
    expect(await actions(viewer)).toEqual([
      ["removed", "refused"],
      ["changed", "refused"],
      ["changed", "refused"],
      ["removed", "refused"],
      ["removed", "refused"],
    ]);
    expect(await actions(operator)).toEqual([
      ["removed", "refused"],
      ["read", "refused"],
    ]);
  });

  it("is refused with an outage, and not as a stranger, where documents cannot be read", async () => {
    const admin = await TestAdmin.appoint("viewer");
    vi.spyOn(env.TRUST_AND_POLICY, "get").mockRejectedValue(new Error("secret-canary"));
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const answer = await admin.call(DESCRIPTION);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(answer.text).not.toContain("secret-canary");
  });
});

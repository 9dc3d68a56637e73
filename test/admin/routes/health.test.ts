import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { TestAdmin } from "../../support/admin.ts";
import { TestChain, TestSink } from "../../support/sinks.ts";

let viewer: TestAdmin;

beforeAll(async () => {
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  viewer = await TestAdmin.appoint("viewer");
});

afterEach(() => {
  vi.restoreAllMocks();
});

it("health is nothing to look at as long as all is well, for whoever may read and nobody else", async () => {
  expect(await viewer.call("/admin/v1/health")).toMatchObject({ status: 200, body: { healthy: true, findings: [] } });
  const stranger = await TestAdmin.appoint("viewer", { enabled: false });
  expect((await stranger.call("/admin/v1/health")).status).toBe(401);
});

it("health names a broken document, a sink that fails and an index that does not answer, all in one answer", async () => {
  const chain = new TestChain();
  await chain.append([{}]);
  const sink = await new TestSink().write({ secret: "NONE" });
  await sink.meet(chain);
  await sink.run(1);
  await env.TRUST_AND_POLICY.put("policy:broken", "{}");
  vi.spyOn(env.AUDIT_INDEX, "prepare").mockImplementation(() => {
    throw new Error("down");
  });
  const { status, body } = await viewer.call("/admin/v1/health");
  expect(status).toBe(200);
  const findings = body["findings"] as { what: string; says: string }[];
  expect(findings.map(({ what }) => what)).toEqual(
    ["document_broken", "sink_failing", "index_unavailable"].toSorted((a, b) => order(a) - order(b)),
  );
  expect(findings.find(({ what }) => what === "sink_failing")?.says).toContain(`The sink ${sink.name}`);
});

function order(what: string): number {
  return ["document_broken", "index_unavailable", "sink_failing"].indexOf(what);
}

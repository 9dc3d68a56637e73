import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { StreamNote } from "../../../src/revocation/stream-note.ts";
import { TestAdmin } from "../../support/admin.ts";
import { idpDocument, policyDocument } from "../../support/documents.ts";
import { registry } from "../../support/revocations.ts";

let viewer: TestAdmin;

beforeAll(async () => {
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  viewer = await TestAdmin.appoint("viewer");
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the status", () => {
  it("has each document with its revision, and what is wrong with one that is broken", async () => {
    const [sound, broken] = [crypto.randomUUID(), crypto.randomUUID()];
    const issuer = `https://${sound}.example.com`;
    await env.TRUST_AND_POLICY.put(`policy:${sound}`, JSON.stringify(policyDocument({ organization: sound })));
    await env.TRUST_AND_POLICY.put(`policy:${broken}`, JSON.stringify(policyDocument({ organization: sound })));
    await env.TRUST_AND_POLICY.put(`idp:${issuer}`, JSON.stringify(idpDocument({ issuer })));
    const { status, body } = await viewer.call("/admin/v1/status");
    expect(status).toBe(200);
    const documents = body["documents"] as { key: string; revision: string; problem: unknown }[];
    expect(documents.find(({ key }) => key === `policy:${sound}`)).toMatchObject({ problem: null });
    expect(documents.find(({ key }) => key === `policy:${broken}`)).toMatchObject({
      problem: { path: "organization", reason: "differs from its key" },
    });
    expect(body).toMatchObject({ issuer: env.ISSUER, complete: true });
    // Nothing was fetched for it: a status that causes traffic is a way to cause traffic.
    const state = { keys: 0, fetched_at: null, attempted_at: null, failures: 0 };
    expect(body["key_sets"]).toContainEqual({ issuer, ...state });
    expect(body["ledgers"]).toHaveLength(Number(env.LEDGER_SHARDS));
  });

  it("says how each provider's events come here, as far as anything is known of that", async () => {
    const issuer = `https://${crypto.randomUUID()}.example.com`;
    const at = Date.UTC(2026, 0, 1);
    const note = (one: StreamNote): Promise<void> => registry().noteStream({ issuer, note: one });
    await note({ kind: "verification", atMilliseconds: at, state: "asked" });
    await note({ kind: "status", atMilliseconds: at, status: "paused", reason: "maintenance" });
    await note({ kind: "poll", atMilliseconds: at, failure: "status 401" });
    const { body } = await viewer.call("/admin/v1/status");
    const instant = "2026-01-01T00:00:00.000Z";
    expect(body["signal_streams"]).toContainEqual({
      issuer,
      verified_at: instant,
      verification_state: "asked",
      status: "paused",
      status_reason: "maintenance",
      status_at: instant,
      polled_at: instant,
      poll_failure: "status 401",
    });
  });

  it("says so where the index of records does not answer, and all else all the same", async () => {
    vi.spyOn(env.AUDIT_INDEX, "prepare").mockImplementation(() => {
      throw new Error("secret-canary");
    });
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { status, body, text } = await viewer.call("/admin/v1/status");
    expect([status, body["audit"]]).toEqual([200, null]);
    expect(text).not.toContain("secret-canary");
    const found = await viewer.call("/admin/v1/audit-events?correlation_id=x");
    expect(found).toMatchObject({ status: 503, body: { reason: "audit_index_unavailable" } });
  });
});

import { describe, expect, it } from "vitest";
import { type AuditFacts, makeAuditEvent, traceWithoutRequest } from "../../src/audit/audit-event.ts";
import { AUDIT_ACTIONS, AUDIT_TYPES, isActionOf } from "../../src/audit/audit-type.ts";
import { toOcsf } from "../../src/audit/ocsf.ts";

function mapped(facts: AuditFacts): Record<string, unknown> {
  return toOcsf(
    makeAuditEvent("event-1", { ...traceWithoutRequest(1_800_000_000_123), traceId: "f".repeat(32) }, facts),
  );
}

describe("an event in OCSF", () => {
  it("of a redemption assigns privileges to a session", () => {
    const facts = { subject: "ada", client_id: "agent", scope_granted: "a b", token_id: "t-1", organization: "acme" };
    expect(mapped({ type: "redemption", decision: "granted", ...facts })).toMatchObject({
      category_uid: 3,
      class_uid: 3003,
      activity_id: 1,
      type_uid: 300_301,
      time: 1_800_000_000_123,
      status_id: 1,
      user: { uid: "ada" },
      actor: { app_uid: "agent" },
      privileges: ["a", "b"],
      session: { uid: "t-1" },
      metadata: { uid: "event-1", event_code: "redemption", tenant_uid: "acme", trace_uid: "f".repeat(32) },
    });
  });

  it("of a call is API activity, which a refusal ends in failure", () => {
    const facts = { method: "tools/call", target: "echo", reason: "scope_insufficient", resource: "https://m.example" };
    expect(mapped({ type: "gateway_call", decision: "refused", ...facts })).toMatchObject({
      class_uid: 6003,
      type_uid: 600_399,
      status_id: 2,
      status_detail: "scope_insufficient",
      api: { operation: "tools/call", service: { name: "https://m.example" } },
      resources: [{ name: "echo" }],
    });
    expect(mapped({ type: "gateway_call", decision: "granted", method: "tools/list" })).toMatchObject({
      activity_id: 2,
    });
  });

  it("of a call with a credential says where that went, and of what kind it was", () => {
    const credential = { type: "secret", upstream_host: "files.example.net", kid: "kek-1" } as const;
    expect(mapped({ type: "gateway_call", decision: "granted", method: "tools/call", credential })).toMatchObject({
      dst_endpoint: { hostname: "files.example.net" },
      unmapped: { credential },
    });
  });

  it("of what an administrator does names him and what he changed", () => {
    const facts = { admin: "root@example.com", document_key: "policy:acme", action: "changed" } as const;
    expect(mapped({ type: "configuration", decision: "done", ...facts })).toMatchObject({
      class_uid: 3004,
      type_uid: 300_403,
      actor: { user: { uid: "root@example.com" } },
      entity: { type: "configuration", name: "policy:acme" },
    });
  });

  // https://schema.ocsf.io: type_uid = class_uid * 100 + activity_id; the category is the class's thousands.
  it.each(AUDIT_TYPES)("of any %s is classified in itself consistently", (type) => {
    for (const action of [null, ...AUDIT_ACTIONS].filter((each) => isActionOf(type, each))) {
      const { category_uid, class_uid, activity_id, type_uid } = mapped({ type, decision: "failed", action });
      expect(type_uid).toBe(Number(class_uid) * 100 + Number(activity_id));
      expect(category_uid).toBe(Math.floor(Number(class_uid) / 1000));
    }
  });

  it("loses nothing that the event says", () => {
    const text = JSON.stringify(
      mapped({ type: "redemption", decision: "granted", policy_revision: "r-1", colo: "FRA" }),
    );
    expect(text).toContain('"policy_revision":"r-1"');
    expect(text).toContain('"colo":"FRA"');
  });
});

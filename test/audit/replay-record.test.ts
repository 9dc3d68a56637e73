import { expect, it } from "vitest";
import { auditEventSchema, makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { recordOfReplay } from "../../src/audit/replay-record.ts";

const TRACE = { correlationId: "c", traceId: null, receivedAtMilliseconds: 0, ray: null, colo: null };

it("of a grant says who asked, and that nothing was granted", () => {
  const granted = { scope_granted: "files:read", token_id: "t", token_expires_at: 300, bound_to_key: false };
  const asked = { client_id: "agent", assertion_hash: "hash", policy_rules: ["rule"] };
  const facts = { type: "redemption", decision: "granted", ...asked, ...granted } as const;
  const event = JSON.parse(recordOfReplay(serializeAuditEvent(makeAuditEvent("one", TRACE, facts)))) as unknown;
  expect(event).toEqual({
    version: 1,
    id: "one",
    time: "1970-01-01T00:00:00.000Z",
    correlation_id: "c",
    type: "redemption",
    decision: "refused",
    reason: "assertion_replayed",
    check: "single_use",
    ...asked,
  });
  expect(auditEventSchema.safeParse(event).success).toBe(true);
});

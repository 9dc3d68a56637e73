import { type AuditEvent, type AuditFacts, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import type { Approval } from "./approval.ts";

/** What becomes of an approval, by its action in the records, and whether that is somebody's decision. */
const DECISION_OF = {
  asked: "done",
  approved: "granted",
  denied: "refused",
  expired: "done",
  consumed: "done",
} as const satisfies Readonly<Record<string, AuditFacts["decision"]>>;

/** The record: whose call, which tool, by which rules, and who decided. No argument, and no digest to guess one by. */
export function approvalEvent(
  { id, call, decidedBy }: Pick<Approval, "id" | "call" | "decidedBy">,
  action: keyof typeof DECISION_OF,
  trace: RequestTrace,
): AuditEvent {
  return makeAuditEvent(crypto.randomUUID(), trace, {
    type: "approval",
    action,
    decision: DECISION_OF[action],
    approval_id: id,
    organization: call.organization,
    issuer: call.requester.issuer,
    tenant: call.requester.tenant,
    subject: call.requester.sub,
    principal: call.principal,
    actor: call.actor,
    client_id: call.clientId,
    resource: call.resource,
    method: "tools/call",
    target: call.tool,
    policy_revision: call.policyRevision,
    policy_rules: call.demands.map(({ rule }) => rule),
    admin: decidedBy,
  });
}

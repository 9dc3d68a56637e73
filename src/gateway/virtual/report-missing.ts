import { makeAuditEvent, type RequestTrace } from "../../audit/audit-event.ts";
import { hourlyId } from "../../audit/hourly-id.ts";
import type { GatewayRefusal, OutageReason } from "../../audit/reason.ts";
import type { Recorder } from "../../audit/recorder.ts";

/** A member whose tools a list of a virtual server is without. */
export interface MissingMember {
  readonly trace: RequestTrace;
  readonly resource: string;
  readonly member: string;
  readonly reason: GatewayRefusal | OutageReason;
}

/** What each person has to see to for themselves, and is told. */
const PERSONAL: ReadonlySet<string> = new Set(["connection_required", "connection_lost", "token_binding"]);

/** For whoever watches the servers: once an hour for each reason, however many lists are without it. */
export async function reportMissing(
  { trace, resource, member, reason }: MissingMember,
  recorder: Recorder,
): Promise<void> {
  if (PERSONAL.has(reason)) return;
  const id = await hourlyId(["tool_definition", resource, "missing", member, reason], trace.receivedAtMilliseconds);
  const facts = { type: "tool_definition", action: "missing", decision: "failed", resource, member, reason } as const;
  recorder.recordInBackground(makeAuditEvent(id, trace, facts));
}

import { makeAuditEvent, traceWithoutRequest } from "./audit/audit-event.ts";
import { hourlyId } from "./audit/hourly-id.ts";
import { Outage } from "./audit/reason.ts";
import type { Recorder } from "./audit/recorder.ts";
import type { RefusedRequest } from "./audit/refused-request.ts";
import type { Config } from "./config.ts";
import type { DocumentInvalid } from "./trust/documents.ts";
import type { NoticedChange } from "./trust/trust-store.ts";

interface Operator {
  readonly log: (entry: Record<string, string>) => void;
}

export function reportInvalid(error: DocumentInvalid, recorder: Recorder, { log }: Operator): void {
  log({ event: "document_invalid", document: error.key, path: error.path, message: error.message });
  const facts = {
    type: "configuration",
    action: "invalid",
    decision: "failed",
    reason: "trust_document_invalid",
    document_key: error.key,
    document_path: error.path,
  } as const;
  recorder.recordInBackground(makeAuditEvent(crypto.randomUUID(), traceWithoutRequest(Date.now()), facts));
}

/**
 * What changed, whoever changed it: who is known only of changes through the admin API, whose own record has the same
 * revision. Many isolates notice one change.
 */
export async function recordChange({ key, before, after }: NoticedChange, recorder: Recorder): Promise<void> {
  const now = Date.now();
  const id = await hourlyId([key, before, after ?? ""], now);
  const facts = {
    type: "configuration",
    action: after === null ? "removed" : "changed",
    decision: "done",
    document_key: key,
    revision_before: before,
    revision_after: after,
  } as const;
  recorder.recordInBackground(makeAuditEvent(id, traceWithoutRequest(now), facts));
}

/** The class of what was thrown and nothing else: a message may quote what it choked on. An outage has a closed name. */
export function reportFault({ log }: Operator, correlationId: string, cause: unknown): void {
  if (cause instanceof Outage) return log({ event: "outage", correlation_id: correlationId, reason: cause.reason });
  log({ event: "fault", correlation_id: correlationId, class: cause instanceof Error ? cause.name : typeof cause });
}

/** A local Crossgate tells each; in a deployment a line for each request of a flood is what the flood is after. */
export function reportsRefused(
  { isLocal }: Pick<Config, "isLocal">,
  { log }: Operator,
): (refused: RefusedRequest) => void {
  if (!isLocal) return () => undefined;
  return ({ correlationId, decision, reason, check, clientId, resource }) => {
    const known = Object.entries({ check, client_id: clientId, resource }).filter(([, value]) => value !== null);
    log({ event: "request_refused", correlation_id: correlationId, decision, reason, ...Object.fromEntries(known) });
  };
}

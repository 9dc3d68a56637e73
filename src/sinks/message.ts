import type { AuditEvent } from "../audit/audit-event.ts";
import { toOcsf } from "../audit/ocsf.ts";
import type { Sink } from "../trust/sink.ts";

/** Records of one chain that follow one another, or what a sink's filter leaves of them. */
export interface SinkBatch {
  /** The same for the same records, however often they are sent. */
  readonly id: string;
  readonly events: readonly AuditEvent[];
  readonly sentAtMilliseconds: number;
}

/** What is posted. */
export interface SinkMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A record as its receiver wants it, without what is not known. */
export function spellRecord(event: AuditEvent, format: Sink["format"]): Readonly<Record<string, unknown>> {
  if (format === "ocsf") return toOcsf(event);
  const known = Object.entries(event).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(known);
}

export function wants({ types, decisions }: Sink, { type, decision }: AuditEvent): boolean {
  return (types?.includes(type) ?? true) && (decisions?.includes(decision) ?? true);
}

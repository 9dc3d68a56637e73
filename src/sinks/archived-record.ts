import { type AuditEvent, auditEventSchema } from "../audit/audit-event.ts";

/** A line of the archive, whether or not this version knows its schema. */
export interface ArchivedRecord {
  readonly id: string;
  /** As its ledger wrote it. */
  readonly text: string;
  /** Its members, as far as it is an object. */
  readonly members: Readonly<Record<string, unknown>>;
  /** null where another version of the Worker wrote it. */
  readonly event: AuditEvent | null;
}

const ID_CHARACTERS = 64;

/** `place` names the record where it has no id of its own that reads. */
export function readRecord(text: string, place: string): ArchivedRecord {
  const members = readMembers(text);
  const event = auditEventSchema.safeParse(members).data ?? null;
  const { id } = members;
  const isNamed = typeof id === "string" && id !== "" && id.length <= ID_CHARACTERS;
  return { id: isNamed ? id : place, text, members, event };
}

function readMembers(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // A record all the same: it is sent as it is.
  }
  return {};
}

/** null where it says none that reads. */
export function timeOf({ members: { time } }: ArchivedRecord): number | null {
  const milliseconds = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

import { toOcsf, unreadToOcsf } from "../audit/ocsf.ts";
import type { Sink } from "../trust/sink.ts";
import { type ArchivedRecord, timeOf } from "./archived-record.ts";

/** Records of one chain that follow one another, or what a sink's filter leaves of them. */
export interface SinkBatch {
  /** The same for the same records, however often they are sent. */
  readonly id: string;
  readonly records: readonly ArchivedRecord[];
  readonly sentAtMilliseconds: number;
}

/** What is posted. */
export interface SinkMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A record as its receiver wants it, without what is not known. One that this version cannot read goes as it is. */
export function spellRecord(record: ArchivedRecord, format: Sink["format"]): Readonly<Record<string, unknown>> {
  const { id, text, members, event } = record;
  if (format === "ocsf") return event === null ? unreadToOcsf({ id, text, time: timeOf(record) ?? 0 }) : toOcsf(event);
  if (event === null) return Object.keys(members).length === 0 ? { id, unread: text } : members;
  const known = Object.entries(event).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(known);
}

/** What does not say of which type or decision it is may be what was asked for. */
export function wants({ types, decisions }: Sink, { members: { type, decision } }: ArchivedRecord): boolean {
  return isAmong(types, type) && isAmong(decisions, decision);
}

function isAmong(asked: readonly string[] | undefined, value: unknown): boolean {
  return asked === undefined || typeof value !== "string" || asked.includes(value);
}

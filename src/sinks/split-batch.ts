import type { AuditEvent } from "../audit/audit-event.ts";
import { LIMITS } from "../limits.ts";
import type { Sink } from "../trust/sink.ts";
import { spellRecord } from "./message.ts";

/** What every protocol adds around a record, at most. */
const AROUND_BYTES = 1024;

/** In the same order, cut into parts of a size that receivers take. */
export function splitBatch(events: readonly AuditEvent[], format: Sink["format"]): readonly (readonly AuditEvent[])[] {
  const parts: AuditEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of events) {
    // Spelled twice: OTLP sends a record as a text inside a text.
    const size =
      new TextEncoder().encode(JSON.stringify(JSON.stringify(spellRecord(event, format)))).length + AROUND_BYTES;
    bytes += size;
    const current = parts.at(-1);
    if (current !== undefined && bytes <= LIMITS.sinkMessageBytes && current.length < LIMITS.sinkMessageRecords) {
      current.push(event);
    } else {
      parts.push([event]);
      bytes = size;
    }
  }
  return parts;
}

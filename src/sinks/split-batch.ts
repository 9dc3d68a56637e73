import { LIMITS } from "../limits.ts";
import type { Sink } from "../trust/sink.ts";
import type { ArchivedRecord } from "./archived-record.ts";
import { spellRecord } from "./message.ts";

/** What every protocol adds around a record, at most. */
const AROUND_BYTES = 1024;

/** In the same order, cut into parts of a size that receivers take. */
export function splitBatch(
  records: readonly ArchivedRecord[],
  format: Sink["format"],
): readonly (readonly ArchivedRecord[])[] {
  const parts: ArchivedRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    // Spelled twice: OTLP sends a record as a text inside a text.
    const size =
      new TextEncoder().encode(JSON.stringify(JSON.stringify(spellRecord(record, format)))).length + AROUND_BYTES;
    bytes += size;
    const current = parts.at(-1);
    if (current !== undefined && bytes <= LIMITS.sinkMessageBytes && current.length < LIMITS.sinkMessageRecords) {
      current.push(record);
    } else {
      parts.push([record]);
      bytes = size;
    }
  }
  return parts;
}

import * as z from "zod";
import type { Bucket } from "./stores/bucket.ts";

const recordSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  decision: z.string(),
  correlation_id: z.string(),
  token_id: z.string().nullable().default(null),
  assertion_hash: z.string().nullable().default(null),
});
export type ArchivedRecord = z.output<typeof recordSchema>;

export interface Archive {
  /** By id: however often a record was archived, it is one. */
  readonly records: ReadonlyMap<string, ArchivedRecord>;
  /** Ids under which two different records were found. */
  readonly contradictions: readonly string[];
}

const EVENTS = "events/v1/";

export function readArchive(bucket: Bucket): Archive {
  const texts = new Map<string, string>();
  const records = new Map<string, ArchivedRecord>();
  const contradictions: string[] = [];
  for (const line of linesOf(bucket)) {
    const { data: record } = recordSchema.safeParse(JSON.parse(line));
    if (record === undefined) continue;
    if ((texts.get(record.id) ?? line) !== line) contradictions.push(record.id);
    texts.set(record.id, line);
    records.set(record.id, record);
  }
  return { records, contradictions };
}

function linesOf(bucket: Bucket): readonly string[] {
  const objects = [...bucket.objects].filter(([name]) => name.startsWith(EVENTS));
  return objects.flatMap(([, { value }]) => value.toString().split("\n")).filter((line) => line !== "");
}

import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** One queue message: a range of one shard's records, in order, as the ledger serialized them. */
export const auditBatchSchema = z.strictObject({
  version: z.literal(1),
  shard: z.string().max(128),
  firstSequence: z.int().min(1),
  lastSequence: z.int().min(1),
  events: z.array(z.strictObject({ sequence: z.int().min(1), event: z.string() })),
});

export type AuditBatch = z.output<typeof auditBatchSchema>;

interface Row {
  readonly sequence: number;
  readonly event: string;
}

const encoder = new TextEncoder();

/** As the queue weighs it: what JSON adds inside an event depends on what the event says. */
function messageBytes({ event }: Row): number {
  return encoder.encode(JSON.stringify(event)).length + 64;
}

/** Packs rows, in order, into as few messages as their size allows. */
export function packAuditBatches(shard: string, rows: readonly Row[]): readonly AuditBatch[] {
  const groups: Row[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    bytes += messageBytes(row);
    if (bytes > LIMITS.auditMessageBytes) {
      groups.push([]);
      bytes = messageBytes(row);
    }
    groups.at(-1)?.push(row);
  }
  return groups.map((group) => toBatch(shard, group));
}

function toBatch(shard: string, group: readonly Row[]): AuditBatch {
  return {
    version: 1,
    shard,
    firstSequence: group.at(0)?.sequence ?? 0,
    lastSequence: group.at(-1)?.sequence ?? 0,
    events: group.map(({ sequence, event }) => ({ sequence, event })),
  };
}

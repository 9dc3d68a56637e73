import type { D1Database } from "@cloudflare/workers-types";
import type { ArchivedRange } from "./archive-name.ts";
import { auditEventSchema } from "./audit-event.ts";
import { useOf, useStatements } from "./connection-use.ts";
import { placeOf } from "./place.ts";

export type IndexStore = Pick<D1Database, "prepare" | "batch">;

export interface IndexedBatch extends ArchivedRange {
  readonly events: readonly string[];
}

/**
 * Makes batches searchable, all of them or none. An event that does not fit the schema stays out of the index and is in
 * the archive all the same: it must not take the others of its batch with it.
 */
export async function indexBatches(index: IndexStore, batches: readonly IndexedBatch[]): Promise<void> {
  await index.batch(
    batches
      .map((batch) => ({ batch, rows: rowsOf(batch) }))
      .flatMap(({ batch, rows }) => [
        ...useStatements(
          index,
          rows.flatMap(({ use }) => use ?? []),
        ),
        index.prepare(INSERT_EVENTS).bind(batch.chain, JSON.stringify(rows.map(({ use: _use, ...row }) => row))),
        index
          .prepare(INSERT_BATCH)
          .bind(batch.chain, batch.lastSequence, batch.firstSequence, batch.hash, batch.events.length),
      ]),
  );
}

/** One statement a batch, however many events it carries. The place, a 63-bit number, travels as text. */
const INSERT_EVENTS = `
  INSERT OR IGNORE INTO audit_event (place, shard, sequence, event)
  SELECT CAST(value ->> 'place' AS INTEGER), ?1, value ->> 'sequence', value ->> 'event' FROM json_each(?2)`;

const INSERT_BATCH = `
  INSERT OR IGNORE INTO audit_batch (shard, last_sequence, first_sequence, hash, events) VALUES (?, ?, ?, ?, ?)`;

interface Row {
  readonly place: string;
  readonly sequence: number;
  readonly event: string;
  readonly use: ReturnType<typeof useOf>;
}

function rowsOf({ chain, firstSequence, events }: IndexedBatch): readonly Row[] {
  return events.flatMap((event, at) => {
    const { data } = auditEventSchema.safeParse(parseJson(event));
    const sequence = firstSequence + at;
    if (data === undefined) return [];
    const place = String(placeOf(Date.parse(data.time), chain, sequence));
    return [{ place, sequence, event, use: useOf(data, place) }];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

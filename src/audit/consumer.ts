import { type AuditBatch, auditBatchSchema } from "./audit-batch.ts";
import { auditEventSchema } from "./audit-event.ts";

export interface AuditStores {
  readonly archive: Pick<R2Bucket, "put">;
  readonly index: Pick<D1Database, "prepare">;
}

/**
 * Takes batches off the queue. Deliveries come at least once and in any order, so both writes are idempotent: an archive
 * object is named for its shard and range and never replaced (a ledger that sends again after a lost answer may cut the
 * range differently; the events have ids), an index row is keyed by the event's id. A message is
 * acknowledged when both stores have it; one that does not parse goes the way of retries to the dead-letter queue.
 */
export async function consumeAuditBatches(batch: MessageBatch, stores: AuditStores): Promise<void> {
  for (const message of batch.messages) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- a handful a batch; the stores get one writer, not a stampede
      await store(auditBatchSchema.parse(message.body), stores);
      message.ack();
    } catch {
      message.retry({ delaySeconds: Math.min(300, 5 * message.attempts) });
    }
  }
}

async function store(batch: AuditBatch, { archive, index }: AuditStores): Promise<void> {
  const lines = batch.events.map(({ event }) => event);
  await archive.put(objectName("events", batch), `${lines.join("\n")}\n`, ONCE);
  const [sound, unsound] = partition(batch.events);
  // One record that does not fit must not take the others of its message with it.
  if (unsound.length > 0) await archive.put(objectName("unsound", batch), JSON.stringify(unsound), ONCE);
  await index.prepare(INSERT).bind(batch.shard, JSON.stringify(sound)).run();
}

const ONCE: R2PutOptions = {
  onlyIf: { etagDoesNotMatch: "*" },
  httpMetadata: { contentType: "application/x-ndjson" },
};

type Events = AuditBatch["events"];

function partition(events: Events): readonly [Events, Events] {
  const fits = events.map(({ event }) => auditEventSchema.safeParse(parseJson(event)).success);
  return [events.filter((_event, at) => fits[at]), events.filter((_event, at) => !fits[at])];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Zero-padded, so that listing a shard lists it in order. */
function objectName(kind: "events" | "unsound", { shard, firstSequence, lastSequence }: AuditBatch): string {
  const padded = [firstSequence, lastSequence].map((sequence) => String(sequence).padStart(16, "0"));
  return `${kind}/v1/${shard}/${padded.join("-")}.ndjson`;
}

/** One statement a message, however many events it carries. */
const INSERT = `
  INSERT OR IGNORE INTO audit_event
    (id, time, shard, sequence, type, decision, reason, correlation_id, organization, issuer, subject, principal,
     client_id, resource, method, target, token_id, event)
  SELECT event ->> 'id', event ->> 'time', ?1, sequence, event ->> 'type', event ->> 'decision', event ->> 'reason',
         event ->> 'correlation_id', event ->> 'organization', event ->> 'issuer', event ->> 'subject',
         event ->> 'principal', event ->> 'client_id', event ->> 'resource', event ->> 'method', event ->> 'target',
         event ->> 'token_id', event
  FROM (SELECT value ->> 'sequence' AS sequence, value ->> 'event' AS event FROM json_each(?2))`;

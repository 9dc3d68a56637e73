import { type AuditBatch, countThatFit } from "../src/audit/audit-batch.ts";
import { LIMITS } from "../src/limits.ts";
import type { AuditChain, CutBatch } from "./audit-chain.ts";
import type { Outbox } from "./outbox.ts";

export interface Delivery {
  readonly chain: AuditChain;
  readonly outbox: Outbox;
  readonly ledger: string;
  readonly queue: Pick<Queue, "sendBatch">;
}

export interface Delivered {
  /** Whether anything was sent. */
  readonly isBusy: boolean;
  /** Whether more could be sent at once. */
  readonly hasMore: boolean;
}

/**
 * Cuts what waits into batches and sends what is due. That the queue has taken a batch means nothing yet: it may keep it
 * for days, or lose it. A record may go when the archive has said that it has it.
 */
export async function deliver(delivery: Delivery, nowMilliseconds: number): Promise<Delivered> {
  await cutBatches(delivery);
  const due = delivery.chain.due(nowMilliseconds);
  for (let at = 0; at < due.length; at += LIMITS.auditMessagesPerBatch) {
    const batches = due.slice(at, at + LIMITS.auditMessagesPerBatch);
    const messages = batches.map((batch) => ({ body: toMessage(batch, delivery), contentType: "json" as const }));
    // oxlint-disable-next-line no-await-in-loop -- one after the other: a queue that fails is not sent the rest
    await delivery.queue.sendBatch(messages);
    for (const batch of batches) delivery.chain.markSent(batch, nowMilliseconds);
  }
  return { isBusy: due.length > 0, hasMore: due.length > 0 && isWorthCutting(delivery) };
}

async function cutBatches(delivery: Delivery): Promise<void> {
  const { chain, outbox } = delivery;
  for (let count = 0; count < LIMITS.auditBatchesPerAlarm && isWorthCutting(delivery); count += 1) {
    const first = chain.head.sequence + 1;
    const rows = outbox.read(first, Math.min(outbox.last, first + LIMITS.auditBatchRows - 1));
    const events = rows.map(({ event }) => event);
    // oxlint-disable-next-line no-await-in-loop -- each is chained to the one before
    await chain.cut(events.slice(0, countThatFit(events)));
  }
}

/** Behind an archive that does not answer, records wait in storage and not in ever more messages. */
function isWorthCutting({ chain, outbox }: Delivery): boolean {
  return outbox.last > chain.head.sequence && chain.openBatches.length < LIMITS.auditOpenBatches;
}

function toMessage(batch: CutBatch, { chain, outbox, ledger }: Delivery): AuditBatch {
  const { firstSequence, lastSequence, previousHash, hash } = batch;
  const events = outbox.read(firstSequence, lastSequence).map(({ event }) => event);
  return { version: 1, chain: chain.name, ledger, firstSequence, lastSequence, previousHash, hash, events };
}

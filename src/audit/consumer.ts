import { type AuditBatch, auditBatchSchema, contentOf, hashBatch } from "./audit-batch.ts";
import { type ArchiveStore, archive } from "./archive.ts";
import { type IndexStore, indexBatches } from "./audit-index.ts";

export interface ConfirmedRange {
  readonly lastSequence: number;
  readonly hash: string;
}

export interface AuditStores {
  readonly archive: ArchiveStore;
  readonly index: IndexStore;
  /** Tells whoever reads the archive that it has more. Never throws. */
  readonly announce: () => Promise<void>;
  /** Tells a ledger what the archive has of it. */
  readonly confirm: (ledger: string, confirmed: readonly ConfirmedRange[]) => Promise<void>;
}

/**
 * Takes batches off the queue. Deliveries come at least once and in any order, so every write is idempotent: an archive
 * object is named for its range and hash and never replaced, an index row is keyed by its place. A message is
 * acknowledged when both stores have it. Its ledger is told after that and may miss it: it will send again and be told
 * again. What is no batch, or is not what its hash says, is put aside and holds nobody up.
 */
export async function consumeAuditBatches(queued: MessageBatch, stores: AuditStores): Promise<void> {
  const parsed = await Promise.all(queued.messages.map(async (message) => ({ message, batch: await parse(message) })));
  const unsound = parsed.filter(({ batch }) => batch === null);
  await Promise.all(unsound.map(({ message }) => putAside(message, stores)));
  const sound = parsed.flatMap(({ message, batch }) => (batch === null ? [] : [{ message, batch }]));
  const stored = await storeAll(sound, stores);
  await confirmAll(stored, stores);
  if (stored.length > 0) await stores.announce();
}

/** @returns null for what the ledger cannot have sent. */
async function parse({ body }: Message): Promise<AuditBatch | null> {
  const { data } = auditBatchSchema.safeParse(body);
  if (data === undefined) return null;
  const hash = await hashBatch(data.previousHash, contentOf(data.events));
  return hash === data.hash ? data : null;
}

interface Received {
  readonly message: Message;
  readonly batch: AuditBatch;
}

/** The archive first: the index can be made again from it. @returns what both have. */
async function storeAll(received: readonly Received[], stores: AuditStores): Promise<readonly AuditBatch[]> {
  const archived = await Promise.all(received.map(async (each) => ((await isArchived(each, stores)) ? [each] : [])));
  const written = archived.flat();
  if (written.length === 0) return [];
  const batches = written.map(({ batch }) => batch);
  try {
    await indexBatches(stores.index, batches);
  } catch {
    written.forEach(({ message }) => retry(message));
    return [];
  }
  written.forEach(({ message }) => message.ack());
  return batches;
}

async function isArchived({ message, batch }: Received, stores: AuditStores): Promise<boolean> {
  try {
    await archive(stores.archive, batch);
    return true;
  } catch {
    retry(message);
    return false;
  }
}

async function putAside(message: Message, { archive: store }: AuditStores): Promise<void> {
  try {
    await store.put(`dead/${message.id}.json`, JSON.stringify(message.body) ?? "null");
    message.ack();
  } catch {
    retry(message);
  }
}

/** One call a ledger, however many of its batches came. */
async function confirmAll(batches: readonly AuditBatch[], { confirm }: AuditStores): Promise<void> {
  const byLedger = Map.groupBy(batches, ({ ledger }) => ledger);
  await Promise.all(
    [...byLedger].map(async ([ledger, theirs]) => {
      const confirmed = theirs.map(({ lastSequence, hash }) => ({ lastSequence, hash }));
      try {
        await confirm(ledger, confirmed);
      } catch {
        // It sends again what it was not told of, and is told then.
      }
    }),
  );
}

const LONGEST_DELAY_SECONDS = 3600;

/** Over a day of outage in the hundred attempts that the queue makes; what the ledger sends again meanwhile is the same. */
function retry(message: Message): void {
  message.retry({ delaySeconds: Math.min(LONGEST_DELAY_SECONDS, 5 * 2 ** Math.min(message.attempts - 1, 10)) });
}

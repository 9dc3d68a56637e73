import { archiveName, type ArchivedRange, chainPrefix, parseArchiveName, rangePrefix } from "./archive-name.ts";
import { type IndexStore, indexBatches } from "./audit-index.ts";

export interface Reconciling {
  readonly archive: Pick<R2Bucket, "get" | "list">;
  readonly index: IndexStore;
  readonly chain: string;
  /** Through here the ledger was told that the archive has everything. */
  readonly archived: number;
}

export interface Reconciled {
  /** Batches that the index lacked, and has now. */
  readonly indexed: number;
  /** The first record that the archive should have and has not; null where there is no gap. */
  readonly missing: number | null;
}

/**
 * Compares a chain in the archive with the index, from where the last comparison ended, and makes good what the index
 * lacks. What the archive lacks cannot be made good here: its ledger forgets a record only after it was told that the
 * archive has it, so a gap means that somebody took something away.
 */
export async function reconcile(reconciling: Reconciling): Promise<Reconciled> {
  const { index, chain, archived } = reconciling;
  const from = await readProgress(index, chain);
  const { ranges, isWhole } = await listAfter(reconciling, from);
  const settled = ranges.filter(({ lastSequence }) => lastSequence <= archived);
  const known = await readKnown(index, chain, from);
  const lacking = settled.filter(({ hash }) => !known.has(hash));
  for (const range of lacking) {
    // oxlint-disable-next-line no-await-in-loop -- one object in memory at a time
    await indexAgain(reconciling, range);
  }
  const through = contiguousThrough(settled, from);
  if (through > from) await writeProgress(index, chain, through);
  const hasGap = settled.some(({ firstSequence }) => firstSequence > through + 1) || (isWhole && through < archived);
  return { indexed: lacking.length, missing: hasGap ? through + 1 : null };
}

const READ_PROGRESS = "SELECT through_sequence FROM audit_reconciled WHERE shard = ?";
/** What was compared need not be remembered batch by batch. */
const FORGET = "DELETE FROM audit_batch WHERE shard = ? AND last_sequence <= ?";
const WRITE_PROGRESS = "INSERT OR REPLACE INTO audit_reconciled (shard, through_sequence) VALUES (?, ?)";

async function readProgress(index: IndexStore, chain: string): Promise<number> {
  return (await index.prepare(READ_PROGRESS).bind(chain).first<number>("through_sequence")) ?? 0;
}

async function writeProgress(index: IndexStore, chain: string, through: number): Promise<void> {
  await index.batch([index.prepare(WRITE_PROGRESS).bind(chain, through), index.prepare(FORGET).bind(chain, through)]);
}

interface Listed {
  readonly ranges: readonly ArchivedRange[];
  /** Whether this is all there is. */
  readonly isWhole: boolean;
}

/** One page at a time: what a thousand objects hold is enough for one round, and the next begins behind it. */
async function listAfter({ archive, chain }: Reconciling, from: number): Promise<Listed> {
  const { objects, truncated } = await archive.list({
    prefix: chainPrefix(chain),
    startAfter: rangePrefix(chain, from + 1),
  });
  const ranges = objects.map(({ key }) => parseArchiveName(key)).filter((range) => range !== null);
  return { ranges, isWhole: !truncated };
}

async function readKnown(index: IndexStore, chain: string, from: number): Promise<ReadonlySet<string>> {
  const query = "SELECT hash FROM audit_batch WHERE shard = ? AND last_sequence > ?";
  const { results } = await index.prepare(query).bind(chain, from).all<{ hash: string }>();
  return new Set(results.map(({ hash }) => hash));
}

async function indexAgain({ archive, index }: Reconciling, range: ArchivedRange): Promise<void> {
  const text = await (await archive.get(archiveName(range)))?.text();
  if (text !== undefined) await indexBatches(index, [{ ...range, events: text.split("\n").slice(0, -1) }]);
}

function contiguousThrough(ranges: readonly ArchivedRange[], from: number): number {
  return ranges.reduce(
    (through, { firstSequence, lastSequence }) => (firstSequence === through + 1 ? lastSequence : through),
    from,
  );
}

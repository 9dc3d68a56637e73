import { archiveName, type ArchivedRange, chainPrefix, parseArchiveName, rangePrefix } from "../audit/archive-name.ts";
import { genesisOf, hashBatch } from "../audit/audit-batch.ts";
import { LIMITS } from "../limits.ts";
import { type ArchivedRecord, readRecord } from "./archived-record.ts";

/** How far a sink has come in one chain. */
export interface Cursor {
  readonly chain: string;
  /** The last record that its receiver has taken. */
  readonly through: number;
  /** Of the batch that ended there; null before the first. */
  readonly hash: string | null;
}

export interface ReadBatches {
  readonly records: readonly ArchivedRecord[];
  /** Where the next reading begins. */
  readonly cursor: Cursor;
  /** How many objects were read; 0: nothing in the archive follows as yet. */
  readonly objects: number;
}

/** The archive has a record that does not follow the one before: somebody has touched it. */
export class ArchiveBroken extends Error {
  override readonly name = "ArchiveBroken";
}

export type Archive = Pick<R2Bucket, "get" | "list">;

/**
 * What follows in a chain, in order and without a gap, up to record `last`; what came out of order waits for what is
 * before it. Of several objects that claim one range only that which its hash proves to follow is read, or whoever can
 * write to the bucket could feed a sink what no ledger wrote. @throws ArchiveBroken where none of them follows
 */
export async function readOn(archive: Archive, cursor: Cursor, last = Number.POSITIVE_INFINITY): Promise<ReadBatches> {
  const { objects, truncated } = await archive.list({
    prefix: chainPrefix(cursor.chain),
    startAfter: rangePrefix(cursor.chain, cursor.through + 1),
    limit: LIMITS.sinkObjectsPerRead,
  });
  const batches = await Promise.all(rangesOf(objects).map((range) => readBatch(archive, range)));
  const read: Batch[] = [];
  let at = cursor;
  let bytes = 0;
  while (bytes < LIMITS.sinkReadBytes && at.through < last) {
    const candidates = batches.filter((batch) => batch?.range.firstSequence === at.through + 1);
    // oxlint-disable-next-line no-await-in-loop -- each is proved by the one before
    const next = await findNext(at, candidates);
    if (next === null) break;
    read.push(next);
    bytes += next.text.length;
    at = { chain: cursor.chain, through: next.range.lastSequence, hash: next.range.hash };
  }
  if (read.length === 0 && (truncated || objects.length > 0) && cursor.through < last) {
    const next = await findAmongAll(archive, cursor);
    if (next !== null) return toRead(cursor.chain, [next], cursor);
  }
  return toRead(cursor.chain, read, cursor);
}

interface Batch {
  readonly range: ArchivedRange;
  readonly text: string;
}

/** What no ledger can have written, by its name or its size, is not read. */
function rangesOf(objects: readonly Pick<R2Object, "key" | "size">[]): readonly ArchivedRange[] {
  return objects.flatMap(({ key, size }) => (size > LIMITS.archiveObjectBytes ? [] : (parseArchiveName(key) ?? [])));
}

async function readBatch(archive: Archive, range: ArchivedRange): Promise<Batch | null> {
  const text = (await (await archive.get(archiveName(range)))?.text()) ?? null;
  return text === null ? null : { range, text };
}

async function findNext({ chain, hash }: Cursor, candidates: readonly (Batch | null)[]): Promise<Batch | null> {
  const previous = candidates.length === 0 ? "" : (hash ?? (await genesisOf(chain)));
  for (const candidate of candidates) {
    // oxlint-disable-next-line no-await-in-loop -- one as a rule, more where somebody has forked the chain
    if (candidate !== null && (await follows(previous, candidate))) return candidate;
  }
  return null;
}

/** The hash says nothing of the numbers in the name: a true batch under a false name would pass over what comes after. */
async function follows(previous: string, { range, text }: Batch): Promise<boolean> {
  if (text.split("\n").length - 1 !== range.lastSequence - range.firstSequence + 1) return false;
  return (await hashBatch(previous, text)) === range.hash;
}

/**
 * The batch that follows, out of all that claim its place: nobody may hide it behind others that he has written. So many
 * that it would take too long are told, and looked at by a person. @throws ArchiveBroken
 */
async function findAmongAll(archive: Archive, at: Cursor): Promise<Batch | null> {
  const prefix = `${rangePrefix(at.chain, at.through + 1)}-`;
  const { objects, truncated } = await archive.list({ prefix, limit: LIMITS.sinkCandidates });
  for (const range of rangesOf(objects)) {
    // oxlint-disable-next-line no-await-in-loop -- one object in memory at a time
    const next = await findNext(at, [await readBatch(archive, range)]);
    if (next !== null) return next;
  }
  if (truncated || objects.length > 0) throw new ArchiveBroken();
  return null;
}

function toRead(chain: string, batches: readonly Batch[], from: Cursor): ReadBatches {
  const records = batches.flatMap(({ range, text }) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line, at) => readRecord(line, `${chain}:${range.firstSequence + at}`)),
  );
  const newest = batches.at(-1)?.range;
  const cursor = newest === undefined ? from : { chain, through: newest.lastSequence, hash: newest.hash };
  return { records, cursor, objects: batches.length };
}

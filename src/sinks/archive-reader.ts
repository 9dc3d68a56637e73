import { archiveName, EVENTS_PREFIX, parseArchiveName, type ArchivedRange } from "../audit/archive-name.ts";
import { genesisOf, hashBatch } from "../audit/audit-batch.ts";
import { type AuditEvent, auditEventSchema } from "../audit/audit-event.ts";
import { LIMITS } from "../limits.ts";

/** How far a sink has come in one chain. */
export interface Cursor {
  readonly chain: string;
  /** The last record that its receiver has taken. */
  readonly through: number;
  /** Of the batch that ended there; null before the first. */
  readonly hash: string | null;
}

export interface ReadBatches {
  readonly events: readonly AuditEvent[];
  /** Where the next reading begins. */
  readonly cursor: Cursor;
  /** How many objects were read; 0: the archive has no more as yet. */
  readonly objects: number;
}

/** The archive has a record that does not follow the one before: somebody has touched it. */
export class ArchiveBroken extends Error {
  override readonly name = "ArchiveBroken";
}

type Archive = Pick<R2Bucket, "get" | "list">;

/**
 * What follows in a chain, in order and without a gap; what came out of order waits for what is before it. Of two objects
 * that claim one range only that which its hash proves to follow is read, or whoever can write to the bucket could feed
 * a sink what no ledger wrote. @throws ArchiveBroken where none of them follows
 */
export async function readOn(archive: Archive, cursor: Cursor): Promise<ReadBatches> {
  const prefix = `${EVENTS_PREFIX}${cursor.chain}/`;
  const { objects } = await archive.list({
    prefix,
    startAfter: `${prefix}${String(cursor.through + 1).padStart(16, "0")}`,
    limit: LIMITS.sinkObjectsPerRead,
  });
  const ranges = objects.map(({ key }) => parseArchiveName(key)).filter((range) => range !== null);
  const texts = await Promise.all(ranges.map((range) => readText(archive, range)));
  const read: AuditEvent[] = [];
  let at = cursor;
  let count = 0;
  let bytes = 0;
  while (bytes < LIMITS.sinkReadBytes) {
    // oxlint-disable-next-line no-await-in-loop -- each is proved by the one before
    const next = await findNext(at, ranges, texts);
    if (next === null) break;
    read.push(...eventsOf(next.text));
    bytes += next.text.length;
    count += 1;
    at = { chain: cursor.chain, through: next.range.lastSequence, hash: next.range.hash };
  }
  return { events: read, cursor: at, objects: count };
}

async function readText(archive: Archive, range: ArchivedRange): Promise<string | null> {
  return (await (await archive.get(archiveName(range)))?.text()) ?? null;
}

interface Next {
  readonly range: ArchivedRange;
  readonly text: string;
}

async function findNext(
  { chain, through, hash }: Cursor,
  ranges: readonly ArchivedRange[],
  texts: readonly (string | null)[],
): Promise<Next | null> {
  const candidates = ranges.flatMap((range, at) => {
    const text = texts[at] ?? null;
    return range.firstSequence === through + 1 && text !== null ? [{ range, text }] : [];
  });
  if (candidates.length === 0) return null;
  const previous = hash ?? (await genesisOf(chain));
  for (const candidate of candidates) {
    // oxlint-disable-next-line no-await-in-loop -- one as a rule, two where somebody has forked the chain
    if ((await hashBatch(previous, candidate.text)) === candidate.range.hash) return candidate;
  }
  throw new ArchiveBroken();
}

/** A record of another version's schema is left to the archive. */
function eventsOf(text: string): readonly AuditEvent[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : (parse(line) ?? [])));
}

function parse(line: string): AuditEvent | null {
  try {
    return auditEventSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

import { type ArchivedRange, chainPrefix, parseArchiveName, rangePrefix } from "../audit/archive-name.ts";
import { LIMITS } from "../limits.ts";
import { type Archive, ArchiveBroken, type Cursor, readOn } from "./archive-reader.ts";

/** The archive lacks records that its ledger was told are there. */
export class ArchiveGap extends Error {
  override readonly name = "ArchiveGap";
}

/** Of a chain that has a gap: which batch behind it is being tried as the one to go on from, and how far that is proved. */
export interface Bridge {
  /** Name of the batch that is tried; names before it have been. */
  readonly anchor: string;
  readonly at: Cursor;
}

/** @returns where to go on; or how far the proof has come, to be continued */
export type Crossing = { readonly landed: Cursor } | { readonly bridge: Bridge };

/**
 * A step over a gap in a chain: what is left of it begins behind records that a rule of the bucket or a person has taken
 * away. The oldest batch that is left cannot be proved itself, since its hash covers what is gone; but every one after it
 * can, once the batches from it on lead to the head that the ledger itself names. Without that whoever can write to the
 * bucket could put a history of his own behind a gap.
 */
export async function crossGap(archive: Archive, { from, head, bridge }: Gap): Promise<Crossing> {
  const current = bridge ?? (await nextAnchor(archive, from.chain, rangePrefix(from.chain, from.through + 1)));
  // Nothing is left: the ledger's own word is where to go on.
  if (current === null) return { landed: head };
  if (current.at.through === head.through && current.at.hash === head.hash) return { landed: anchorOf(current) };
  const proved = await proveOn(archive, current.at, head.through);
  if (proved !== null) return { bridge: { ...current, at: proved } };
  const next = await nextAnchor(archive, from.chain, current.anchor);
  return next === null ? { landed: head } : { bridge: next };
}

export interface Gap {
  /** Where the sink stands, in front of the gap. */
  readonly from: Cursor;
  /** Of the ledger: the archive has everything through here, by this hash. */
  readonly head: Cursor;
  readonly bridge: Bridge | null;
}

/** @returns null where what comes next does not follow, or nothing does */
async function proveOn(archive: Archive, at: Cursor, last: number): Promise<Cursor | null> {
  if (at.through >= last) return null;
  try {
    const { cursor, objects } = await readOn(archive, at, last);
    return objects === 0 ? null : cursor;
  } catch (error) {
    if (error instanceof ArchiveBroken) return null;
    throw error;
  }
}

/** @throws ArchiveBroken where names of no batch fill all that is looked through: what they hide must not count as gone */
async function nextAnchor(archive: Archive, chain: string, after: string): Promise<Bridge | null> {
  const { objects, truncated } = await archive.list({
    prefix: chainPrefix(chain),
    startAfter: after,
    limit: LIMITS.sinkCandidates,
  });
  const anchor = objects.find(({ key }) => parseArchiveName(key) !== null);
  if (anchor !== undefined) return { anchor: anchor.key, at: cursorOf(anchor.key) };
  if (truncated) throw new ArchiveBroken();
  return null;
}

function anchorOf({ anchor }: Bridge): Cursor {
  return cursorOf(anchor);
}

/** @throws TypeError for a name of no batch, which no anchor has */
function cursorOf(name: string): Cursor {
  const range: ArchivedRange | null = parseArchiveName(name);
  if (range === null) throw new TypeError("no batch");
  return { chain: range.chain, through: range.lastSequence, hash: range.hash };
}

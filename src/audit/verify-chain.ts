import type { ArchivedRange } from "./archive-name.ts";
import { archiveName } from "./archive-name.ts";
import { genesisOf, hashBatch } from "./audit-batch.ts";

/** What is wrong, and where: the name of an object, or of a chain and the numbers in it. */
export interface Finding {
  readonly where: string;
  readonly what: "edited" | "missing" | "forked" | "truncated" | "foreign" | "unsigned";
  readonly says: string;
}

export interface VerifiedChain {
  readonly findings: readonly Finding[];
  /** The hash of each batch, by its last number. */
  readonly hashes: ReadonlyMap<number, string>;
  readonly lastSequence: number;
}

export type ReadObject = (name: string) => Promise<Uint8Array>;

const LINE_END = 0x0a;

/** Follows one chain from its first record: each batch must be the successor of the one before, by its hash. */
export async function verifyChain(
  chain: string,
  ranges: readonly ArchivedRange[],
  read: ReadObject,
): Promise<VerifiedChain> {
  const findings: Finding[] = [];
  const hashes = new Map<number, string>();
  let [previous, next]: [string | null, number] = [await genesisOf(chain), 1];
  for (const range of ranges.toSorted(byNumbers)) {
    const where = archiveName(range);
    const { firstSequence: first, lastSequence: last } = range;
    if (first < next || last < first) {
      findings.push({ where, what: "forked", says: `claims records ${first} to ${last}, which another batch has` });
      continue;
    }
    if (first > next) {
      findings.push({ where: chain, what: "missing", says: `records ${next} to ${first - 1} are not there` });
      previous = null;
    }
    // oxlint-disable-next-line no-await-in-loop -- one object in memory at a time, however long the chain is
    if (!(await isWhole(range, previous, await read(where)))) {
      findings.push({ where, what: "edited", says: "is not what its hash and the batch before it say" });
    }
    hashes.set(last, range.hash);
    [previous, next] = [range.hash, last + 1];
  }
  return { findings, hashes, lastSequence: next - 1 };
}

function byNumbers(a: ArchivedRange, b: ArchivedRange): number {
  return a.firstSequence - b.firstSequence || a.lastSequence - b.lastSequence;
}

/** After a gap nothing is known of what came before, and the gap is told already: the number of records is left. */
async function isWhole(range: ArchivedRange, previous: string | null, content: Uint8Array): Promise<boolean> {
  const lines = content.reduce((count, byte) => count + (byte === LINE_END ? 1 : 0), 0);
  if (lines !== range.lastSequence - range.firstSequence + 1 || content.at(-1) !== LINE_END) return false;
  return previous === null || (await hashBatch(previous, content)) === range.hash;
}

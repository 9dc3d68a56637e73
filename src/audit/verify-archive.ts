import type { JWK } from "jose";
import {
  type ArchivedRange,
  checkpointName,
  CHECKPOINTS_PREFIX,
  EVENTS_PREFIX,
  parseArchiveName,
} from "./archive-name.ts";
import { type Checkpoint, hashCheckpoint, verifyCheckpoint } from "./checkpoint.ts";
import { type Finding, type ReadObject, type VerifiedChain, verifyChain } from "./verify-chain.ts";

/** An archive, wherever it is kept. */
export interface ReadableArchive {
  readonly names: readonly string[];
  readonly read: ReadObject;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly chains: number;
  readonly records: number;
  readonly checkpoints: number;
  /** Through here everything is signed for. */
  readonly newestCheckpoint: Pick<Checkpoint, "number" | "time"> | null;
  /** Records that are chained, and that no checkpoint has signed yet. */
  readonly unsignedRecords: number;
}

interface Evidence {
  readonly keys: readonly JWK[];
  /** The newest checkpoint as it is published: without it, nobody can tell an archive from its own earlier state. */
  readonly published: string | null;
}

/** With nothing but public keys: finds any edit, deletion, reordering, truncation or fork, and says where. */
export async function verifyArchive({ names, read }: ReadableArchive, evidence: Evidence): Promise<Verdict> {
  const ranges = names.map(parseArchiveName).filter((range) => range !== null);
  const chains = new Map<string, VerifiedChain>();
  for (const [chain, theirs] of Map.groupBy(ranges, (range: ArchivedRange) => range.chain)) {
    // oxlint-disable-next-line no-await-in-loop -- one chain after the other, so that memory stays small
    chains.set(chain, await verifyChain(chain, theirs, read));
  }
  const signed = await verifyCheckpoints({ names, read }, evidence);
  const newest = signed.checkpoints.at(-1) ?? null;
  const heads = new Map(newest?.heads.map(({ chain, sequence }) => [chain, sequence]));
  const verified = [...chains];
  return {
    findings: [
      ...findForeign(names),
      ...verified.flatMap(([, { findings }]) => findings),
      ...signed.findings,
      ...signed.checkpoints.flatMap((checkpoint) => findBrokenPromises(checkpoint, chains)),
    ],
    chains: chains.size,
    records: verified.reduce((sum, [, { lastSequence }]) => sum + lastSequence, 0),
    checkpoints: signed.checkpoints.length,
    newestCheckpoint: newest,
    unsignedRecords: verified.reduce(
      (sum, [chain, { lastSequence }]) => sum + Math.max(0, lastSequence - (heads.get(chain) ?? 0)),
      0,
    ),
  };
}

const CHECKPOINT_NAME = /^checkpoints\/(?:v1\/\d{16}|latest)\.jws$/;

function findForeign(names: readonly string[]): readonly Finding[] {
  const isForeign = (name: string): boolean =>
    (name.startsWith(EVENTS_PREFIX) && parseArchiveName(name) === null) ||
    (name.startsWith("checkpoints/") && !CHECKPOINT_NAME.test(name));
  return names.filter(isForeign).map((where) => ({ where, what: "foreign", says: "is nothing that Crossgate writes" }));
}

interface SignedCheckpoints {
  readonly checkpoints: readonly Checkpoint[];
  readonly findings: readonly Finding[];
}

/** Each chained to the one before, from the first to the one that is published. */
async function verifyCheckpoints({ names, read }: ReadableArchive, evidence: Evidence): Promise<SignedCheckpoints> {
  const present = names.filter((name) => name.startsWith(CHECKPOINTS_PREFIX)).toSorted();
  const texts = await Promise.all(present.map(async (name) => [name, await readText(name, read)] as const));
  const findings: Finding[] = [];
  const checkpoints: Checkpoint[] = [];
  let previous: string | null = null;
  for (const [name, text] of texts) {
    // oxlint-disable-next-line no-await-in-loop -- each is chained to the one before
    const checkpoint = await verifyCheckpoint(text, evidence.keys);
    const says = flawOf(checkpoint, { name, previous, expected: checkpoints.length + 1 });
    if (says !== null) findings.push({ where: name, what: "edited", says });
    if (checkpoint !== null) checkpoints.push(checkpoint);
    // oxlint-disable-next-line no-await-in-loop -- as above
    previous = await hashCheckpoint(text);
  }
  const { published } = evidence;
  if (published === null || texts.some(([, text]) => text === published)) return { checkpoints, findings };
  const says = "the checkpoint that is published is not in the archive";
  return { checkpoints, findings: [...findings, { where: CHECKPOINTS_PREFIX, what: "truncated", says }] };
}

interface Expected {
  readonly name: string;
  readonly previous: string | null;
  readonly expected: number;
}

function flawOf(checkpoint: Checkpoint | null, { name, previous, expected }: Expected): string | null {
  if (checkpoint === null) return "is not signed by any of these keys";
  if (checkpointName(checkpoint.number) !== name) return `is checkpoint ${checkpoint.number} by another name`;
  if (checkpoint.number !== expected) return `stands where checkpoint ${expected} should`;
  return checkpoint.previous === previous ? null : "does not follow the checkpoint before it";
}

async function readText(name: string, read: ReadObject): Promise<string> {
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(await read(name));
}

/** What was signed for must be there, and by the same hash. */
function findBrokenPromises(
  { number, heads }: Checkpoint,
  chains: ReadonlyMap<string, VerifiedChain>,
): readonly Finding[] {
  return heads.flatMap(({ chain, sequence, hash }): Finding[] => {
    const found = chains.get(chain);
    if (found?.hashes.get(sequence) === hash) return [];
    const isShort = (found?.lastSequence ?? 0) < sequence;
    const says = isShort
      ? `ends at record ${found?.lastSequence ?? 0}, and checkpoint ${number} signs through ${sequence}`
      : `is not at record ${sequence} what checkpoint ${number} signed`;
    return [{ where: chain, what: isShort ? "truncated" : "forked", says }];
  });
}

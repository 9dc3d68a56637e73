import { checkpointName, LATEST_CHECKPOINT } from "./archive-name.ts";
import {
  type ChainHead,
  type Checkpoint,
  type CheckpointSigner,
  hashCheckpoint,
  readCheckpoint,
  signCheckpoint,
} from "./checkpoint.ts";

export interface Checkpointing {
  readonly store: Pick<R2Bucket, "get" | "put">;
  readonly issuer: string;
  readonly signer: CheckpointSigner;
  readonly heads: readonly ChainHead[];
  readonly nowMilliseconds: number;
}

/** @returns the new checkpoint. @throws Error when another one was written meanwhile: the next hour writes the next */
export async function writeCheckpoint(checkpointing: Checkpointing): Promise<Checkpoint> {
  const { store, issuer, signer, heads, nowMilliseconds } = checkpointing;
  const before = await findNewest(store);
  const said = before === null ? null : readCheckpoint(before);
  if (before !== null && said === null) throw new Error("the newest checkpoint does not read");
  const checkpoint: Checkpoint = {
    version: 1,
    issuer,
    number: (said?.number ?? 0) + 1,
    time: new Date(nowMilliseconds).toISOString(),
    previous: before === null ? null : await hashCheckpoint(before),
    heads: furthest([...(said?.heads ?? []), ...heads]),
  };
  const jws = await signCheckpoint(checkpoint, signer);
  const written = await store.put(checkpointName(checkpoint.number), jws, { onlyIf: { etagDoesNotMatch: "*" } });
  if (written === null) throw new Error("another checkpoint has this number");
  await store.put(LATEST_CHECKPOINT, jws);
  return checkpoint;
}

/** The copy may be behind, where its writer died between its two writes. */
async function findNewest(store: Pick<R2Bucket, "get">): Promise<string | null> {
  let newest = (await (await store.get(LATEST_CHECKPOINT))?.text()) ?? null;
  for (;;) {
    const number = newest === null ? 0 : (readCheckpoint(newest)?.number ?? Number.NaN);
    // oxlint-disable-next-line no-await-in-loop -- at most one ahead of the copy, as a rule none
    const next = Number.isNaN(number) ? null : await store.get(checkpointName(number + 1));
    if (next === null) return newest;
    // oxlint-disable-next-line no-await-in-loop -- as above
    newest = await next.text();
  }
}

/**
 * Of each chain the furthest that was ever signed: a ledger that does not answer, or one that was set back, takes nothing
 * out of what was attested.
 */
function furthest(heads: readonly ChainHead[]): ChainHead[] {
  const byChain = new Map<string, ChainHead>();
  for (const head of heads) {
    const known = byChain.get(head.chain);
    if (known === undefined || head.sequence > known.sequence) byChain.set(head.chain, head);
  }
  return [...byChain.values()].toSorted((a, b) => (a.chain < b.chain ? -1 : 1));
}

import { exportJWK, generateKeyPair, type JWK } from "jose";
import { archiveName, checkpointName, LATEST_CHECKPOINT } from "../../src/audit/archive-name.ts";
import { contentOf, genesisOf, hashBatch } from "../../src/audit/audit-batch.ts";
import { type ChainHead, type CheckpointSigner, hashCheckpoint, signCheckpoint } from "../../src/audit/checkpoint.ts";
import type { ReadableArchive } from "../../src/audit/verify-archive.ts";

export type Objects = Map<string, Uint8Array>;

export interface AuditKey extends CheckpointSigner {
  readonly jwk: JWK;
}

const encoder = new TextEncoder();

export async function makeAuditKey(kid: string): Promise<AuditKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { kid, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

export function archiveOf(objects: Objects): ReadableArchive {
  return {
    names: [...objects.keys()],
    read: async (name) => objects.get(name) ?? new Uint8Array(),
  };
}

/** Chains of batches, as the ledgers and the consumer leave them. */
export async function writeChain(
  objects: Objects,
  chain: string,
  batches: readonly (readonly string[])[],
): Promise<ChainHead> {
  let [previousHash, firstSequence] = [await genesisOf(chain), 1];
  for (const events of batches) {
    const content = contentOf(events);
    const hash = await hashBatch(previousHash, content);
    const lastSequence = firstSequence + events.length - 1;
    objects.set(archiveName({ chain, firstSequence, lastSequence, hash }), encoder.encode(content));
    [previousHash, firstSequence] = [hash, lastSequence + 1];
  }
  return { chain, sequence: firstSequence - 1, hash: previousHash };
}

export interface CheckpointContents {
  readonly number: number;
  readonly previous: string | null;
  readonly heads: readonly ChainHead[];
}

/** @returns the checkpoint as it is published. */
export async function writeSigned(objects: Objects, key: AuditKey, contents: CheckpointContents): Promise<string> {
  const time = new Date(1_800_000_000_000 + contents.number * 3_600_000).toISOString();
  const { heads, number, previous } = contents;
  const jws = await signCheckpoint(
    { version: 1, issuer: "https://crossgate.example", number, time, previous, heads: [...heads] },
    key,
  );
  objects.set(checkpointName(number), encoder.encode(jws));
  objects.set(LATEST_CHECKPOINT, encoder.encode(jws));
  return jws;
}

/** A small archive of two chains, with a checkpoint after each round of batches. */
export async function makeArchive(key: AuditKey): Promise<{ objects: Objects; published: string }> {
  const objects: Objects = new Map();
  const chains = ["ledger/v1/0/00000000000000aa", "ledger/v1/1/00000000000000bb"];
  const batchesOf = (chain: string, rounds: number) =>
    Array.from({ length: rounds }, (_, round) =>
      Array.from({ length: 1 + ((round + chain.length) % 3) }, (_event, at) =>
        JSON.stringify({ id: `${chain}-${round}-${at}`, subject: "ada" }),
      ),
    );
  let [published, previous]: [string, string | null] = ["", null];
  for (let number = 1; number <= 3; number += 1) {
    const heads = await Promise.all(chains.map((chain) => writeChain(objects, chain, batchesOf(chain, number * 2))));
    published = await writeSigned(objects, key, { number, previous, heads });
    previous = await hashCheckpoint(published);
  }
  return { objects, published };
}

import type { AuditBatch } from "./audit-batch.ts";

export interface ArchivedRange {
  readonly chain: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly hash: string;
}

export const EVENTS_PREFIX = "events/v1/";
export const CHECKPOINTS_PREFIX = "checkpoints/v1/";
/** A copy of the newest checkpoint, and the only object of the archive that is ever replaced. */
export const LATEST_CHECKPOINT = "checkpoints/latest.jws";
const SEQUENCE_DIGITS = 16;

export function chainPrefix(chain: string): string {
  return `${EVENTS_PREFIX}${chain}/`;
}

/** Names of batches that begin with this record begin with this. */
export function rangePrefix(chain: string, firstSequence: number): string {
  return `${chainPrefix(chain)}${String(firstSequence).padStart(SEQUENCE_DIGITS, "0")}`;
}

export function checkpointName(number: number): string {
  return `${CHECKPOINTS_PREFIX}${String(number).padStart(SEQUENCE_DIGITS, "0")}.jws`;
}

/**
 * Zero-padded, so that listing a chain lists it in order. The hash is part of the name: two batches that claim one range
 * are two objects, and neither replaces or hides the other.
 */
export function archiveName({ chain, firstSequence, lastSequence, hash }: ArchivedRange | AuditBatch): string {
  const [first, last] = [firstSequence, lastSequence].map((one) => String(one).padStart(SEQUENCE_DIGITS, "0"));
  return `${EVENTS_PREFIX}${chain}/${first}-${last}-${hash}.ndjson`;
}
const NAME = /^events\/v1\/(.+)\/(\d{16})-(\d{16})-([0-9a-f]{64})\.ndjson$/;

/** @returns null for what is no batch of events. */
export function parseArchiveName(name: string): ArchivedRange | null {
  const [, chain, first, last, hash] = NAME.exec(name) ?? [];
  if (chain === undefined || first === undefined || last === undefined || hash === undefined) return null;
  return { chain, firstSequence: Number(first), lastSequence: Number(last), hash };
}

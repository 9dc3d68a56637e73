import type { AuditBatch } from "./audit-batch.ts";

export interface ArchivedRange {
  readonly chain: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly hash: string;
}

const EVENTS_PREFIX = "events/v1/";
const SEQUENCE_DIGITS = 16;

/**
 * Zero-padded, so that listing a chain lists it in order. The hash is part of the name: two batches that claim one range
 * are two objects, and neither replaces or hides the other.
 */
export function archiveName({ chain, firstSequence, lastSequence, hash }: ArchivedRange | AuditBatch): string {
  const [first, last] = [firstSequence, lastSequence].map((one) => String(one).padStart(SEQUENCE_DIGITS, "0"));
  return `${EVENTS_PREFIX}${chain}/${first}-${last}-${hash}.ndjson`;
}

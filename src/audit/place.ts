const SEQUENCE_BITS = 13n;
const SHARD_BITS = 8n;

/**
 * Where an event stands among all, by time: milliseconds, then its ledger's number, then the last bits of its own. The
 * same wherever and however often it is worked out, so that the index has one row of it; and one ledger would have to
 * decide 8,192 times in a millisecond for two events to share a place.
 */
export function placeOf(timeMilliseconds: number, chain: string, sequence: number): bigint {
  const [, shard = "0"] = /\/(\d{1,3})\/[0-9a-f]+$/.exec(chain) ?? [];
  const lowest = BigInt(sequence) & ((1n << SEQUENCE_BITS) - 1n);
  return (earliestPlace(timeMilliseconds) | (BigInt(shard) << SEQUENCE_BITS)) + lowest;
}

/** Before every event of this time, and after all that are earlier. */
export function earliestPlace(timeMilliseconds: number): bigint {
  return BigInt(timeMilliseconds) << (SHARD_BITS + SEQUENCE_BITS);
}

/** When an event happened, by its place. */
export function timeOfPlace(place: bigint): number {
  return Number(place >> (SHARD_BITS + SEQUENCE_BITS));
}

import { LIMITS } from "../src/limits.ts";

/** How long to leave an address alone after so many failures in a row. */
export function backoffMilliseconds(failures: number): number {
  if (failures === 0) return 0;
  const seconds = LIMITS.keySetBackoffMinimumSeconds * 2 ** Math.min(failures - 1, 10);
  return Math.min(seconds, LIMITS.keySetBackoffMaximumSeconds) * 1000;
}

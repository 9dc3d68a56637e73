import { LIMITS } from "../limits.ts";
import type { IndexStore } from "./audit-index.ts";
import { earliestPlace } from "./place.ts";

export interface Retention {
  readonly index: IndexStore;
  /** How long events stay searchable; null while a legal hold is on. */
  readonly days: number | null;
  readonly nowMilliseconds: number;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Takes out of the index what is older than it should be, in steps of a size that no search notices, and of so many steps
 * that a round keeps up with what an hour brings. The archive is not touched. @returns how many events went
 */
export async function enforceRetention({ index, days, nowMilliseconds }: Retention): Promise<number> {
  if (days === null) return 0;
  const before = earliestPlace(nowMilliseconds - days * DAY_MILLISECONDS);
  let removed = 0;
  for (let step = 0; step < LIMITS.auditRetentionSteps; step += 1) {
    // oxlint-disable-next-line no-await-in-loop -- small steps one after the other, so that searches come between
    const { meta } = await index.prepare(REMOVE).bind(String(before), LIMITS.auditRetentionRows).run();
    removed += meta.changes;
    if (meta.changes < LIMITS.auditRetentionRows) break;
  }
  return removed;
}

const REMOVE = `
  DELETE FROM audit_event WHERE place IN
    (SELECT place FROM audit_event WHERE place < CAST(?1 AS INTEGER) ORDER BY place LIMIT ?2)`;

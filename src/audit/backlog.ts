import { LIMITS } from "../limits.ts";

export type BacklogLevel = "ok" | "warn" | "alert" | "stop";

export interface Backlog {
  readonly pending: number;
  /** When the oldest record happened that the archive lacks; null where it lacks none. */
  readonly oldestPending: number | null;
}

/** How bad it is that the archive is behind. At `stop` this ledger decides nothing any more: no token without a record. */
export function backlogLevel({ pending, oldestPending }: Backlog, nowMilliseconds: number): BacklogLevel {
  const ageSeconds = oldestPending === null ? 0 : (nowMilliseconds - oldestPending) / 1000;
  if (pending >= LIMITS.outboxEvents) return "stop";
  if (pending >= LIMITS.auditAlertEvents || ageSeconds >= LIMITS.auditAlertSeconds) return "alert";
  return ageSeconds >= LIMITS.auditWarnSeconds ? "warn" : "ok";
}

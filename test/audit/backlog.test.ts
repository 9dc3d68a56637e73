import { describe, expect, it } from "vitest";
import { backlogLevel } from "../../src/audit/backlog.ts";
import { LIMITS } from "../../src/limits.ts";

const NOW = 1_800_000_000_000;

describe("a backlog", () => {
  it.each([
    ["nothing waits", 0, null, "ok"],
    ["something waits, and not for long", 1000, LIMITS.auditWarnSeconds - 1, "ok"],
    ["something waits for minutes", 1, LIMITS.auditWarnSeconds, "warn"],
    ["something waits for an hour", 1, LIMITS.auditAlertSeconds, "alert"],
    ["very much waits, however new", LIMITS.auditAlertEvents, 0, "alert"],
    ["no more is taken", LIMITS.outboxEvents, 0, "stop"],
  ] as const)("where %s", (_name, pending, ageSeconds, level) => {
    const oldestPending = ageSeconds === null ? null : NOW - ageSeconds * 1000;
    expect(backlogLevel({ pending, oldestPending }, NOW)).toBe(level);
  });
});

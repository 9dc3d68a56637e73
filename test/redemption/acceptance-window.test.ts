import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { findWindow, type Timestamps, type WindowRules } from "../../src/redemption/acceptance-window.ts";

const NOW = 1_795_000_000;
const RULES: WindowRules = { clockToleranceSeconds: 30, maximumLifetimeSeconds: 300 };
const SWEEP = Array.from({ length: 241 }, (_, index) => index - 120);

function verdict(times: Partial<Timestamps>, rules: Partial<WindowRules> = {}): string {
  const given = { issuedAtSeconds: NOW, expiresAtSeconds: NOW + 300, notBeforeSeconds: null, ...times };
  const found = findWindow(given, NOW, { ...RULES, ...rules });
  return typeof found === "string" ? found : "accepted";
}

describe("a sweep of seconds around now", () => {
  it.each(SWEEP)("exp at %i s", (offset) => {
    const times = { issuedAtSeconds: NOW + offset - 150, expiresAtSeconds: NOW + offset };
    expect(verdict(times)).toBe(offset <= -30 ? "assertion_expired" : "accepted");
  });

  it.each(SWEEP)("iat at %i s", (offset) => {
    expect(verdict({ issuedAtSeconds: NOW + offset, expiresAtSeconds: NOW + offset + 300 })).toBe(
      offset > 30 ? "assertion_not_yet_valid" : "accepted",
    );
  });

  it.each(SWEEP)("nbf at %i s [JAG-C-13]", (offset) => {
    expect(verdict({ notBeforeSeconds: NOW + offset })).toBe(offset > 30 ? "assertion_not_yet_valid" : "accepted");
  });

  it.each(SWEEP)("a lifetime of 300 s and %i s", (offset) => {
    expect(verdict({ issuedAtSeconds: NOW - 60, expiresAtSeconds: NOW + 240 + offset })).toBe(
      offset > 0 ? "assertion_lifetime" : "accepted",
    );
  });
});

describe("without tolerance", () => {
  it.each<[string, Partial<Timestamps>, string]>([
    ["an iat of now", { issuedAtSeconds: NOW }, "accepted"],
    ["an iat of the next second", { issuedAtSeconds: NOW + 1 }, "assertion_not_yet_valid"],
    ["an exp of the next second", { issuedAtSeconds: NOW - 1, expiresAtSeconds: NOW + 1 }, "accepted"],
    ["an exp of now", { issuedAtSeconds: NOW - 1, expiresAtSeconds: NOW }, "assertion_expired"],
  ])("%s", (_what, times, expected) => {
    expect(verdict(times, { clockToleranceSeconds: 0 })).toBe(expected);
  });
});

const rules = fc.record({
  clockToleranceSeconds: fc.integer({ min: 0, max: LIMITS.clockToleranceMaximumSeconds }),
  maximumLifetimeSeconds: fc.integer({ min: 1, max: LIMITS.assertionLifetimeMaximumSeconds }),
});
const times = fc.record({
  issuedAtSeconds: fc.integer({ min: NOW - 1500, max: NOW + 1500 }),
  expiresAtSeconds: fc.integer({ min: NOW - 1500, max: NOW + 1500 }),
  notBeforeSeconds: fc.option(fc.integer({ min: NOW - 1500, max: NOW + 1500 })),
});
/** Times that are accepted often enough for a property to say something. */
const plausible = fc
  .tuple(fc.integer({ min: -360, max: 60 }), fc.integer({ min: 1, max: 400 }))
  .map(([issued, lifetime]): Timestamps => ({
    issuedAtSeconds: NOW + issued,
    expiresAtSeconds: NOW + issued + lifetime,
    notBeforeSeconds: null,
  }));
const anyTimes = fc.oneof(times, plausible);

describe("an acceptance window", () => {
  it("is remembered for longer than it is accepted, by the tolerance at least (B15, C06)", () => {
    fc.assert(
      fc.property(anyTimes, rules, (given, withRules) => {
        const window = findWindow(given, NOW, withRules);
        if (typeof window === "string") return;
        expect(window.retainUntilSeconds).toBeGreaterThanOrEqual(
          window.acceptedUntilSeconds + withRules.clockToleranceSeconds,
        );
      }),
      { seed: 21, numRuns: 3000 },
    );
  });

  it("ends exactly when it says: accepted in the second before and not in that second", () => {
    fc.assert(
      fc.property(anyTimes, rules, (given, withRules) => {
        const window = findWindow(given, NOW, withRules);
        if (typeof window === "string") return;
        expect(findWindow(given, window.acceptedUntilSeconds - 1, withRules)).toEqual(window);
        expect(findWindow(given, window.acceptedUntilSeconds, withRules)).toBe("assertion_expired");
      }),
      { seed: 22, numRuns: 3000 },
    );
  });

  it("is over by the time it is forgotten, even by a clock that is late by the tolerance [sentry#106342]", () => {
    fc.assert(
      fc.property(anyTimes, rules, (given, withRules) => {
        const window = findWindow(given, NOW, withRules);
        if (typeof window === "string") return;
        const late = window.retainUntilSeconds - withRules.clockToleranceSeconds;
        expect(findWindow(given, late, withRules)).toBe("assertion_expired");
      }),
      { seed: 23, numRuns: 3000 },
    );
  });

  it("never makes a ledger remember for longer than a ledger remembers", () => {
    fc.assert(
      fc.property(anyTimes, rules, (given, withRules) => {
        const window = findWindow(given, NOW, withRules);
        if (typeof window === "string") return;
        expect(window.retainUntilSeconds - NOW).toBeLessThanOrEqual(LIMITS.ledgerRetentionSeconds);
      }),
      { seed: 24, numRuns: 3000 },
    );
  });

  it("is never open for longer than the lifetime that is allowed and the tolerance twice", () => {
    fc.assert(
      fc.property(anyTimes, rules, (given, withRules) => {
        const window = findWindow(given, NOW, withRules);
        if (typeof window === "string") return;
        const { clockToleranceSeconds, maximumLifetimeSeconds } = withRules;
        const opens = given.issuedAtSeconds - clockToleranceSeconds;
        expect(NOW).toBeGreaterThanOrEqual(opens);
        expect(window.acceptedUntilSeconds - opens).toBeLessThanOrEqual(
          maximumLifetimeSeconds + 2 * clockToleranceSeconds,
        );
      }),
      { seed: 25, numRuns: 3000 },
    );
  });
});

import type { Refusal } from "../audit/reason.ts";

export interface WindowRules {
  readonly clockToleranceSeconds: number;
  readonly maximumLifetimeSeconds: number;
}

export interface Timestamps {
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  readonly notBeforeSeconds: number | null;
}

export interface AcceptanceWindow {
  /** The first second at which the assertion is no longer accepted. */
  readonly acceptedUntilSeconds: number;
  /**
   * How long its `jti` must be remembered: past the last instant at which any of our clocks, each off by the
   * tolerance in either direction, could still accept it, and a minute more. Derived here and nowhere else, so that
   * retention cannot fall short of acceptance.
   */
  readonly retainUntilSeconds: number;
}

/** Tolerance is applied once, to each bound; the lifetime cap has none. @returns the window, or why it is refused. */
export function findWindow(times: Timestamps, nowSeconds: number, rules: WindowRules): AcceptanceWindow | Refusal {
  const { issuedAtSeconds, expiresAtSeconds, notBeforeSeconds } = times;
  const tolerance = rules.clockToleranceSeconds;
  const lifetimeSeconds = expiresAtSeconds - issuedAtSeconds;
  if (nowSeconds >= expiresAtSeconds + tolerance) return "assertion_expired";
  if (lifetimeSeconds <= 0 || lifetimeSeconds > rules.maximumLifetimeSeconds) return "assertion_lifetime";
  if (Math.max(issuedAtSeconds, notBeforeSeconds ?? 0) > nowSeconds + tolerance) return "assertion_not_yet_valid";
  return {
    acceptedUntilSeconds: expiresAtSeconds + tolerance,
    retainUntilSeconds: expiresAtSeconds + 2 * tolerance + 60,
  };
}

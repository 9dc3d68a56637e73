import { authenticationConditionsOf, type Condition, conditionsOf } from "./conditions.ts";
import type { PermitRule, Policy, Rule } from "./policy.ts";

/** A rule with its conditions ready to be asked. */
export interface CompiledRule<Kind extends Rule = Rule> {
  readonly rule: Kind;
  readonly conditions: readonly Condition[];
}

export interface CompiledPermit extends CompiledRule<PermitRule> {
  /** Kept apart: when these alone fail, a better sign-in helps. */
  readonly authentication: readonly Condition[];
}

export interface CompiledPolicy {
  readonly denies: readonly CompiledRule[];
  readonly permits: readonly CompiledPermit[];
}

const compiled = new WeakMap<Policy, CompiledPolicy>();

/** Once a revision: the trust store hands out the same value for the same text. */
export function compile(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const fresh = {
    denies: policy.rules
      .filter((rule) => rule.effect === "deny")
      .map((rule) => ({ rule, conditions: conditionsOf(rule) })),
    permits: policy.rules
      .filter((rule) => rule.effect === "permit")
      .map((rule) => ({ rule, conditions: conditionsOf(rule), authentication: authenticationConditionsOf(rule) })),
  };
  compiled.set(policy, fresh);
  return fresh;
}

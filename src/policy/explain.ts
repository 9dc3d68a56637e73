import { type CompiledRule, compile } from "./compiled-policy.ts";
import type { Condition } from "./conditions.ts";
import { decide, type PolicyDecision } from "./decide.ts";
import type { Policy } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";

export interface ConditionOutcome {
  /** The member of the rule's document. */
  readonly condition: string;
  readonly outcome: "holds" | "does_not_hold" | "failed";
}

export interface RuleOutcome {
  readonly rule: string;
  readonly effect: "permit" | "deny";
  /** Whether it took part: every condition holds. */
  readonly applies: boolean;
  readonly conditions: readonly ConditionOutcome[];
}

export interface Explanation {
  readonly decision: PolicyDecision;
  readonly rules: readonly RuleOutcome[];
}

/**
 * Why: the decision of the engine that decides, beside what each condition of each rule said to the same request. The
 * conditions are the very ones that `decide` asks; here all of them are, and there only until one says no. Rules that
 * deny certain calls alone have no say in who gets a token, and are left out.
 */
export function explain(policy: Policy, request: PolicyRequest): Explanation {
  const { denies, permits } = compile(policy);
  const rules = [
    ...denies.filter(({ calls }) => calls === null).map((rule) => outcomeOf(rule, rule.conditions, request)),
    ...permits.map((rule) => outcomeOf(rule, [...rule.conditions, ...rule.authentication], request)),
  ];
  const order = new Map(policy.rules.map((rule, index) => [rule.id, index]));
  return {
    decision: decide(policy, request),
    rules: rules.toSorted((a, b) => (order.get(a.rule) ?? 0) - (order.get(b.rule) ?? 0)),
  };
}

function outcomeOf({ rule }: CompiledRule, conditions: readonly Condition[], request: PolicyRequest): RuleOutcome {
  const outcomes = conditions.map((condition) => ({ condition: condition.name, outcome: ask(condition, request) }));
  const applies = outcomes.every(({ outcome }) => outcome === "holds");
  return { rule: rule.id, effect: rule.effect, applies, conditions: outcomes };
}

function ask(condition: Condition, request: PolicyRequest): ConditionOutcome["outcome"] {
  try {
    return condition.holds(request) ? "holds" : "does_not_hold";
  } catch {
    return "failed";
  }
}

import { becauseOf } from "../../src/explain/explained-policy.ts";
import type { ExplainedRule } from "../../src/explain/explained.ts";
import { type CompiledPermit, type CompiledRule, compile } from "../../src/policy/compiled-policy.ts";
import type { Condition } from "../../src/policy/conditions.ts";
import type { CallRequest } from "../../src/policy/decide-call.ts";
import type { Policy } from "../../src/policy/policy.ts";

type ExplainedCondition = ExplainedRule["conditions"][number];
type Outcome = ExplainedCondition["outcome"];

/**
 * What each rule says to one call: the very conditions that the gateway asks, all of them, where it asks only until one
 * says no. What it decides is the gateway's own word, and not this.
 */
export function explainCallRules(policy: Policy, call: CallRequest): readonly ExplainedRule[] {
  const { denies, permits } = compile(policy);
  const rules = [
    ...denies.map((compiled) => outcomeOf(compiled, [], call)),
    ...permits.map((compiled) => outcomeOf(compiled, [...compiled.authentication], call, demandsOf(compiled, call))),
  ];
  const order = new Map(policy.rules.map(({ id }, index) => [id, index]));
  return rules.toSorted((a, b) => (order.get(a.rule) ?? 0) - (order.get(b.rule) ?? 0));
}

function outcomeOf(
  compiled: CompiledRule,
  more: readonly Condition[],
  call: CallRequest,
  demands: readonly ExplainedCondition[] = [],
): ExplainedRule {
  const { rule } = compiled;
  const asked = [...compiled.conditions, ...more].map((condition): ExplainedCondition => {
    const one = { condition: condition.name, outcome: ask(() => condition.holds(call.request)) };
    return { ...one, because: one.outcome === "holds" ? null : becauseOf(one, rule, call.request) };
  });
  const conditions = [...asked, ...callConditions(compiled, call), ...demands];
  const applies = conditions.every(({ outcome }) => outcome === "holds");
  return { rule: rule.id, effect: rule.effect, applies, conditions };
}

function callConditions({ calls, rule }: CompiledRule, { request, operation }: CallRequest) {
  if (calls === null || operation === null) return [];
  const named = ask(() => calls.names(operation));
  const unnamed = "its lists and annotations do not mean this call";
  const byName = { condition: "calls", outcome: named, because: named === "holds" ? null : unnamed };
  const { condition } = calls;
  if (condition === null || named !== "holds") return [byName];
  const outcome = ask(() => condition(request, operation));
  const text = rule.calls?.condition ?? "";
  const said = outcome === "failed" ? "fails on this call" : "is false";
  const because = outcome === "holds" ? null : `the expression ${text} ${said}`;
  return [byName, { condition: "calls.condition", outcome, because }];
}

/** What a permit wants of the token, and not of the person. */
function demandsOf({ rule }: CompiledPermit, { request, operation, coveringScopes }: CallRequest) {
  if (operation === null) return [];
  const grantable = coveringScopes.filter((scope) => rule.scopes === "any" || rule.scopes.has(scope));
  const held = [...request.scope].toSorted().join(" ") || "none";
  const wanted = rule.calls?.scopes_required ?? [];
  const demands: readonly (readonly [string, boolean, string])[] = [
    ["scopes", grantable.length > 0, `the server means this call by ${coveringScopes.join(", ") || "no scope"}`],
    ...(grantable.length > 0
      ? [["scope", grantable.some((scope) => request.scope.has(scope)), `the token has ${held}`] as const]
      : []),
    ["scopes_required", wanted.every((scope) => request.scope.has(scope)), `the token has ${held}`],
    ["dpop_required", !rule.dpop_required || request.isKeyBound, "the token is bound to no key"],
  ];
  return demands
    .filter(([name, holds]) => !holds || name === "scopes")
    .map(([condition, holds, because]): ExplainedCondition => {
      return { condition, outcome: holds ? "holds" : "does_not_hold", because: holds ? null : because };
    });
}

function ask(holds: () => boolean): Outcome {
  try {
    return holds() ? "holds" : "does_not_hold";
  } catch {
    return "failed";
  }
}

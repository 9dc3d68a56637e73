import type { Policy, Rule } from "../../src/policy/policy.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";
import { covers, effectOf, instant, SELECTORS } from "./rule-cover.ts";
import { whyNeverTogether } from "./rule-contradictions.ts";

/** Rules that do nothing, whoever asks: what their authors wanted of them does not happen. */
export function findIdleRules(trust: CheckedTrust, nowMilliseconds: number): readonly Finding[] {
  return [...trust.set.policy.values()].flatMap((policy) =>
    policy.rules.flatMap((rule, index): Finding[] => {
      const idle = whyIdle(rule, { policy, index, trust, nowMilliseconds });
      if (idle === null) return [];
      const file = trust.fileOf("policy", policy.organization);
      const { at, problem, fix } = idle;
      return [
        {
          severity: "warning",
          file,
          at: at === "" ? `rules.${index}` : `rules.${index}.${at}`,
          problem: `the ${rule.effect} rule ${rule.id} ${problem}`,
          fix,
        },
      ];
    }),
  );
}

interface Surroundings {
  readonly policy: Policy;
  readonly index: number;
  readonly trust: CheckedTrust;
  readonly nowMilliseconds: number;
}

export interface Idle {
  /** The member of the rule. */
  readonly at: string;
  readonly problem: string;
  readonly fix: string;
}

/** The first reason that is found; each alone is enough. */
function whyIdle(rule: Rule, around: Surroundings): Idle | null {
  return (
    whySelectsNothing(rule) ??
    whyNotNow(rule, around.nowMilliseconds) ??
    whyShadowed(rule, around) ??
    whyNeverTogether(rule, around.policy.organization, around.trust)
  );
}

function whySelectsNothing(rule: Rule): Idle | null {
  const empty = SELECTORS.find((member) => {
    const selector = rule[member];
    return selector !== undefined && selector !== "any" && selector.size === 0;
  });
  if (empty !== undefined) {
    return {
      at: empty,
      problem: "selects nothing: the list is empty",
      fix: 'List values, say "any", or remove the rule.',
    };
  }
  if (rule.effect === "deny" || rule.scopes === "any" || rule.scopes.size > 0) return null;
  return {
    at: "scopes",
    problem: "grants no scope: the list is empty",
    fix: 'List scopes, say "any", or remove the rule.',
  };
}

function whyNotNow({ not_before, not_after }: Rule, nowMilliseconds: number): Idle | null {
  const until = instant(not_after, Number.POSITIVE_INFINITY);
  if (until <= instant(not_before, Number.NEGATIVE_INFINITY)) {
    return { at: "not_after", problem: "ends before it begins", fix: "Correct not_before or not_after." };
  }
  if (until > nowMilliseconds) return null;
  return { at: "not_after", problem: `ended at ${not_after ?? ""}`, fix: "Remove the rule, or give it a later end." };
}

function whyShadowed(rule: Rule, { policy, index }: Surroundings): Idle | null {
  const twin = policy.rules.slice(0, index).find((earlier) => effectOf(earlier) === effectOf(rule));
  if (twin !== undefined) return { at: "", problem: `does the same as ${twin.id}`, fix: "Keep one of them." };
  const deny = policy.rules.find((other) => other !== rule && other.effect === "deny" && covers(other, rule));
  if (deny === undefined || (rule.effect === "deny" && covers(rule, deny))) return null;
  return {
    at: "",
    problem: `never matters: the deny rule ${deny.id} covers every request that it selects, and deny wins`,
    fix: `Narrow ${deny.id}, or remove this rule.`,
  };
}

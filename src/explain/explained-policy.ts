import type { Deny, PolicyDecision, StepUp } from "../policy/decide.ts";
import { type Explanation, explain, type RuleOutcome } from "../policy/explain.ts";
import type { PermitRule, Policy, Rule } from "../policy/policy.ts";
import type { PolicyRequest } from "../policy/policy-request.ts";
import type { Selector } from "../policy/selector.ts";
import { type PolicyFacts, policyRequestOf as requestOf } from "../redemption/checks/policy.ts";
import { LIMITS } from "../limits.ts";
import type { Explained, ExplainedRule } from "./explained.ts";
import type { Known } from "./rehearsal.ts";

/** What redemption asks of policy, from the same facts; null where it ended before they were all there. */
export function policyRequestOf(known: Known): PolicyRequest | null {
  return hasPolicyFacts(known) ? requestOf(known) : null;
}

function hasPolicyFacts(known: Known): known is Known & PolicyFacts {
  const { client, idJag, resource, subject, admissibleScope, admissibleDetails, nowSeconds } = known;
  return [client, idJag, resource, subject, admissibleScope, admissibleDetails, nowSeconds].every(
    (fact) => fact !== undefined,
  );
}

export interface ExplainedDecision extends Pick<Explained, "rules" | "rules_left_out" | "would_help"> {
  readonly decision: PolicyDecision;
}

/** The decision, every condition of the rules with the values beside those that do not hold, and what would help. */
export function explainDecision(policy: Policy, request: PolicyRequest): ExplainedDecision {
  const explanation = explain(policy, request);
  const { decision } = explanation;
  const byId = new Map(policy.rules.map((rule) => [rule.id, rule]));
  const shown = mostTelling(explanation.rules);
  const rules = shown.map(({ conditions, ...outcome }): ExplainedRule => ({
    ...outcome,
    conditions: conditions.map((one) => ({
      ...one,
      because: one.outcome === "holds" ? null : becauseOf(one, byId.get(outcome.rule), request),
    })),
  }));
  const would_help =
    decision.effect === "permit" ? [] : HELP[decision.cause](decision, { explanation, policy, request });
  return { decision, rules, rules_left_out: explanation.rules.length - rules.length, would_help: [...would_help] };
}

/** Nobody reads two thousand rules: those that apply, all of them, and beside them those that came closest. */
export function mostTelling<Outcome extends RuleOutcome>(rules: readonly Outcome[]): readonly Outcome[] {
  if (rules.length <= LIMITS.explainedRules) return rules;
  const closest = rules.toSorted((a, b) => lackingIn(a) - lackingIn(b));
  const count = Math.max(LIMITS.explainedRules, rules.filter(({ applies }) => applies).length);
  const shown = new Set(closest.slice(0, count));
  return rules.filter((rule) => shown.has(rule));
}

/** One that would apply but for failing to evaluate is told first: it denies everything. What else says no hides that. */
function lackingIn({ applies, conditions }: RuleOutcome): number {
  if (applies) return -1;
  const lacking = conditions.filter(({ outcome }) => outcome !== "holds");
  return lacking.every(({ outcome }) => outcome === "failed") ? 0 : lacking.length;
}

interface Denied {
  readonly explanation: Explanation;
  readonly policy: Policy;
  readonly request: PolicyRequest;
}

const HELP: Record<Deny["cause"], (deny: Deny, denied: Denied) => readonly string[]> = {
  denied_by_rule: ({ rule }) => [
    `The deny rule ${rule ?? ""} must not select this request: narrow one of its conditions, or remove it.`,
  ],
  condition_failed: ({ rule }) => [
    `The expression of the rule ${rule ?? ""} fails on this request: mend it. Until then everything is denied.`,
  ],
  authentication_insufficient: ({ rule, stepUp }) => [
    `The user must sign in again, as the rule ${rule ?? ""} demands: ${stepUpOf(stepUp)}.`,
  ],
  key_binding_required: ({ rule }) => [
    `The client must send a DPoP proof: the rule ${rule ?? ""} grants key-bound tokens only.`,
  ],
  scope_not_permitted: (_deny, { explanation, policy }) =>
    applying(explanation, permitsOf(policy)).map(
      (rule) =>
        `The rule ${rule.id} applies and grants ${named(rule.scopes)}: add a scope that was asked for, or ask for one of those.`,
    ),
  details_not_permitted: (_deny, { explanation, policy, request }) =>
    applying(explanation, permitsOf(policy)).map(
      (rule) =>
        `The rule ${rule.id} applies and grants no authorization_details of ${named(request.authorizationDetailsTypes)}: name the type in its authorization_details_types.`,
    ),
  no_rule_permits: (_deny, { explanation, policy, request }) =>
    permitsOf(policy).length === 0
      ? ["The policy has no permit rule: write one."]
      : nearest(explanation, policy, request),
};

function permitsOf({ rules }: Policy): readonly PermitRule[] {
  return rules.filter((rule) => rule.effect === "permit");
}

const MOST_SUGGESTIONS = 3;

/** The permit rules that came closest first. */
function nearest(explanation: Explanation, policy: Policy, request: PolicyRequest): readonly string[] {
  const rules = new Map(policy.rules.map((rule) => [rule.id, rule]));
  return explanation.rules
    .filter(({ effect }) => effect === "permit")
    .map(({ rule, conditions }) => ({ rule, lacking: conditions.filter(({ outcome }) => outcome !== "holds") }))
    .toSorted((a, b) => a.lacking.length - b.lacking.length)
    .slice(0, MOST_SUGGESTIONS)
    .map(({ rule, lacking }) => {
      const reasons = lacking.map((one) => `${one.condition}: ${becauseOf(one, rules.get(rule), request)}`);
      return `The rule ${rule} would apply if these held: ${reasons.join("; ")}.`;
    });
}

function applying({ rules }: Explanation, permits: readonly PermitRule[]): readonly PermitRule[] {
  const ids = new Set(rules.flatMap(({ rule, applies }) => (applies ? [rule] : [])));
  return permits.filter(({ id }) => ids.has(id));
}

function stepUpOf(stepUp: StepUp | null): string {
  const acr = stepUp === null || stepUp.acrValues.length === 0 ? [] : [`acr ${stepUp.acrValues.join(" or ")}`];
  const age = stepUp?.maximumAgeSeconds ?? null;
  return [...acr, ...(age === null ? [] : [`no longer than ${age} s ago`])].join(", ");
}

const ASKED: Readonly<Record<string, (request: PolicyRequest) => string>> = {
  clients: ({ clientId }) => quote(clientId),
  resources: ({ resource }) => quote(resource),
  issuers: ({ issuer }) => quote(issuer),
  tenants: ({ idpTenant }) => quote(idpTenant),
  subjects: ({ subject }) => quote(subject),
  actors: ({ actor }) => quote(actor),
  email_domains: ({ emailDomain }) => quote(emailDomain),
  groups: ({ groups }) => named(groups),
  authorization_details_types: ({ authorizationDetailsTypes }) => named(authorizationDetailsTypes),
  amr: ({ amr }) => named(amr),
  acr: ({ acr }) => quote(acr),
  not_before: ({ nowSeconds }) => instant(nowSeconds),
  not_after: ({ nowSeconds }) => instant(nowSeconds),
  maximum_authentication_age_seconds: ({ authTimeSeconds, nowSeconds }) =>
    authTimeSeconds === null ? "no auth_time" : `a sign-in ${nowSeconds - authTimeSeconds} s ago`,
};

export function becauseOf(
  { condition, outcome }: { condition: string; outcome: string },
  rule: Rule | undefined,
  request: PolicyRequest,
): string {
  if (condition === "condition") {
    return `the expression ${rule?.condition ?? ""} ${outcome === "failed" ? "fails on this request" : "is false"}`;
  }
  const [, wanted] = Object.entries(rule ?? {}).find(([member]) => member === condition) ?? [];
  return `the rule names ${describeWanted(wanted)}, the request has ${ASKED[condition]?.(request) ?? "something else"}`;
}

function describeWanted(wanted: unknown): string {
  if (wanted instanceof Set) return named(wanted as ReadonlySet<string>);
  return Array.isArray(wanted) ? named(new Set(wanted.map(String))) : String(wanted);
}

const MOST_NAMES = 5;

function named(selector: Selector): string {
  if (selector === "any") return "any";
  const all = [...selector];
  if (all.length === 0) return "none";
  const shown = all.slice(0, MOST_NAMES).map(quote).join(", ");
  return all.length > MOST_NAMES ? `${shown} and ${all.length - MOST_NAMES} more` : shown;
}

function quote(value: string | null): string {
  if (value === null) return "none";
  const { length } = value;
  const shown = length > LIMITS.identifierBytes ? `${value.slice(0, LIMITS.identifierBytes)}…` : value;
  return JSON.stringify(shown);
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

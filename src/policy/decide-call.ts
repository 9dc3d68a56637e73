import { type CompiledCalls, type CompiledPermit, type CompiledRule, compile } from "./compiled-policy.ts";
import type { Condition } from "./conditions.ts";
import { type StepUp, stepUpOf } from "./decide.ts";
import { type Obligation, obligationsOf } from "./obligations.ts";
import type { Operation } from "./operation.ts";
import type { Policy, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";

/** What a call asks of policy. `request.scope` is the token's. */
export interface CallRequest {
  readonly request: PolicyRequest;
  /** null for what only keeps a connection alive. */
  readonly operation: Operation | null;
  /** The scopes by which the MCP server means this operation, the narrowest first. */
  readonly coveringScopes: readonly string[];
  /** False when policy asks about groups or an address that the token was not made to tell. */
  readonly isFactsComplete: boolean;
}

export interface CallPermitted {
  readonly effect: "permit";
  readonly rules: readonly string[];
  /** What those rules demand of the call besides, all of it. */
  readonly obligations: readonly Obligation[];
}

/** A rule would permit it, if the client came back with more. */
export interface CallLacking {
  readonly effect: "lacking";
  readonly rule: string;
  /** All that the call needs, those that the token has included. */
  readonly scopes: readonly string[];
  readonly isScopeLacking: boolean;
  readonly stepUp: StepUp | null;
  readonly isKeyBindingLacking: boolean;
}

export interface CallDenied {
  readonly effect: "deny";
  readonly cause: "denied_by_rule" | "condition_failed" | "no_rule_permits" | "facts_incomplete";
  readonly rule: string | null;
}

export type CallDecision = CallPermitted | CallLacking | CallDenied;

/**
 * The same policy as at redemption, asked again for one call: deny by default, deny wins, what fails to evaluate
 * denies. A permit rule permits what its scopes mean at the server, and with `calls` only those among it. Where the
 * answer hangs on something that the token does not tell, there is none: the client needs a token that does.
 */
export function decideCall(policy: Policy, call: CallRequest): CallDecision {
  const { denyIndex, permitIndex } = compile(policy);
  const { request, isFactsComplete } = call;
  const asked = { failed: new Set<string>(), doubtful: new Set<string>() };
  const deniedBy = idsOf(
    denyIndex.candidates(request, isFactsComplete).filter((rule) => applies(rule, call, asked)),
  )[0];
  const isDenyDoubtful = asked.doubtful.size > 0;
  const matching = permitIndex.candidates(request, isFactsComplete).filter((rule) => applies(rule, call, asked));
  const failed = [...asked.failed].toSorted()[0];
  if (deniedBy !== undefined) return deny("denied_by_rule", deniedBy);
  if (failed !== undefined) return deny("condition_failed", failed);
  if (isDenyDoubtful) return deny("facts_incomplete");
  const decision = permitBy(matching, call);
  return decision.effect !== "permit" && asked.doubtful.size > 0 ? deny("facts_incomplete") : decision;
}

interface Asked {
  /** Rules, by id, of which a condition failed to evaluate. */
  readonly failed: Set<string>;
  /** Rules that would apply, or not, by something that the token does not tell. */
  readonly doubtful: Set<string>;
}

function applies(compiled: CompiledRule, call: CallRequest, asked: Asked): boolean {
  const verdict = judge(compiled, call);
  if (verdict === "failed") asked.failed.add(compiled.rule.id);
  if (verdict === "doubtful") asked.doubtful.add(compiled.rule.id);
  return verdict === "yes";
}

type Verdict = "yes" | "no" | "failed" | "doubtful";

/** Ends at the first no: what comes after it might fail on a request that the rule has nothing to do with. */
function judge({ rule, conditions, calls }: CompiledRule, call: CallRequest): Verdict {
  let isDoubtful = false;
  try {
    for (const condition of conditions) {
      const verdict = ask(condition, call);
      if (verdict === "no") return "no";
      isDoubtful ||= verdict === "doubtful";
    }
    const verdict = askCalls(calls, rule.effect, call);
    return verdict === "yes" && isDoubtful ? "doubtful" : verdict;
  } catch {
    return "failed";
  }
}

/** Without all the facts, a group that the token names is certain, and one that it does not name is not. */
function ask({ restsOn, holds }: Condition, { request, isFactsComplete }: CallRequest): Verdict {
  if (isFactsComplete || restsOn === "request") return holds(request) ? "yes" : "no";
  return restsOn === "named_facts" && holds(request) ? "yes" : "doubtful";
}

/**
 * An expression over arguments that are not known yet, because what is asked is whether to show a tool, is taken the way
 * that shows it. What it says decides the call.
 */
function askCalls(calls: CompiledCalls | null, effect: Rule["effect"], call: CallRequest): Verdict {
  const { request, operation, isFactsComplete } = call;
  if (calls === null) return "yes";
  if (operation === null) return effect === "permit" ? "yes" : "no";
  if (!calls.names(operation)) return "no";
  if (calls.condition === null) return "yes";
  if (operation.arguments === null) return effect === "permit" ? "yes" : "no";
  if (!isFactsComplete && calls.restsOnFacts) return "doubtful";
  return calls.condition(request, operation) ? "yes" : "no";
}

function permitBy(matching: readonly CompiledPermit[], call: CallRequest): CallDecision {
  const shortcomings = matching.flatMap((permit) => {
    const lacking = whatIsLacking(permit, call);
    return lacking === null ? [] : [lacking];
  });
  const permitting = new Set(shortcomings.filter((lacking) => extentOf(lacking) === 0).map(({ rule }) => rule));
  if (permitting.size > 0) {
    const rules = matching.filter(({ rule }) => permitting.has(rule.id)).map(({ rule }) => rule);
    const obligations = obligationsOf(rules, call.operation).toSorted((a, b) => (a.rule < b.rule ? -1 : 1));
    return { effect: "permit", rules: [...permitting].toSorted(), obligations };
  }
  const [least] = shortcomings.toSorted((a, b) => extentOf(a) - extentOf(b) || (a.rule < b.rule ? -1 : 1));
  return least ?? deny("no_rule_permits");
}

/** @returns what keeps this rule from permitting; null when nothing that a client can get would help. */
function whatIsLacking({ rule, authentication }: CompiledPermit, call: CallRequest): CallLacking | null {
  const { request, operation, coveringScopes } = call;
  const grantable = coveringScopes.filter((scope) => rule.scopes === "any" || rule.scopes.has(scope));
  if (operation !== null && grantable.length === 0) return null;
  const covering =
    operation === null ? [] : [grantable.find((scope) => request.scope.has(scope)) ?? grantable[0] ?? ""];
  const needed = new Set(operation === null ? [] : [...covering, ...(rule.calls?.scopes_required ?? [])]);
  const isSignedIn = authentication.every((condition) => condition.holds(request));
  return {
    effect: "lacking",
    rule: rule.id,
    scopes: [...needed].toSorted(),
    isScopeLacking: !needed.isSubsetOf(request.scope),
    stepUp: isSignedIn ? null : stepUpOf(rule),
    isKeyBindingLacking: rule.dpop_required && !request.isKeyBound,
  };
}

/** A scope costs a client the least to get, a sign-in disturbs the person, and a key may need another client. */
function extentOf({ isScopeLacking, stepUp, isKeyBindingLacking }: CallLacking): number {
  return (isScopeLacking ? 1 : 0) + (stepUp === null ? 0 : 2) + (isKeyBindingLacking ? 4 : 0);
}

function deny(cause: CallDenied["cause"], rule: string | null = null): CallDenied {
  return { effect: "deny", cause, rule };
}

function idsOf(rules: readonly CompiledRule[]): readonly string[] {
  return rules.map(({ rule }) => rule.id).toSorted();
}

import { LIMITS } from "../limits.ts";
import { type CompiledPermit, type CompiledRule, compile } from "./compiled-policy.ts";
import type { Condition } from "./conditions.ts";
import type { PermitRule, Policy } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { intersect, type Scope } from "./scope.ts";

export interface Permit {
  readonly effect: "permit";
  readonly rules: readonly string[];
  readonly scope: Scope;
  /** Those of the types asked for that are granted. */
  readonly authorizationDetailsTypes: ReadonlySet<string>;
  readonly tokenLifetimeSeconds: number;
}

/** What sign-in would do (RFC 9470 §3). */
export interface StepUp {
  readonly acrValues: readonly string[];
  readonly maximumAgeSeconds: number | null;
}

export interface Deny {
  readonly effect: "deny";
  /** The rule that decided; null when it is that none permits. */
  readonly rule: string | null;
  readonly cause:
    | "denied_by_rule"
    | "condition_failed"
    | "authentication_insufficient"
    | "key_binding_required"
    | "no_rule_permits"
    | "scope_not_permitted"
    | "details_not_permitted";
  /** Only with authentication_insufficient. */
  readonly stepUp: StepUp | null;
}

export type PolicyDecision = Permit | Deny;

/**
 * Who gets a token, and with which scopes. Deny by default, any matching deny wins, and the order of rules never changes the answer: the permitted scope is the
 * union over all matching permits, the lifetime the shortest that a contributing rule states. A condition that fails to
 * evaluate denies, whatever the other rules say: nobody can tell what its rule meant. A deny of certain calls has no say
 * here: decide-call.ts asks it when they are made.
 */
export function decide(policy: Policy, request: PolicyRequest): PolicyDecision {
  const { denyIndex, permitIndex } = compile(policy);
  const failures: string[] = [];
  const matches = (rule: CompiledRule): boolean => allHold(rule, rule.conditions, { request, failures });
  const [deniedBy] = idsOf(denyIndex.candidates(request).filter((rule) => rule.calls === null && matches(rule)));
  const matching = permitIndex.candidates(request).filter((rule) => matches(rule));
  const [failed] = failures.toSorted();
  if (deniedBy !== undefined) return deny("denied_by_rule", deniedBy);
  if (failed !== undefined) return deny("condition_failed", failed);
  if (matching.length === 0) return deny("no_rule_permits");
  return permitBy(matching, request);
}

interface Evaluation {
  readonly request: PolicyRequest;
  readonly failures: string[];
}

function allHold({ rule }: CompiledRule, conditions: readonly Condition[], { request, failures }: Evaluation): boolean {
  try {
    return conditions.every((condition) => condition.holds(request));
  } catch {
    failures.push(rule.id);
    return false;
  }
}

/** Each way of falling short is told only when mending it would help. */
function permitBy(matching: readonly CompiledPermit[], request: PolicyRequest): PolicyDecision {
  const useful = matching.filter(({ rule }) => permittedBy(rule, request.scope).size > 0);
  const signedIn = useful.filter(({ authentication }) => authentication.every((condition) => condition.holds(request)));
  const bound = signedIn.filter(({ rule }) => request.isKeyBound || !rule.dpop_required);
  if (bound.length > 0)
    return grant(
      bound.map(({ rule }) => rule),
      request,
    );
  if (useful.length === 0) return deny("scope_not_permitted");
  if (signedIn.length > 0) return deny("key_binding_required", idsOf(signedIn)[0]);
  return { ...deny("authentication_insufficient", idsOf(useful)[0]), stepUp: stepUpFor(useful) };
}

/** Types that no rule grants are left out; where that leaves none of those asked for, there is nothing to grant. */
function grant(
  rules: readonly PermitRule[],
  { scope, authorizationDetailsTypes: asked }: PolicyRequest,
): PolicyDecision {
  const types = new Set(rules.flatMap((rule) => [...detailsPermittedBy(rule, asked)]));
  if (asked.size > 0 && types.size === 0) return deny("details_not_permitted");
  const lifetimes = rules.map((rule) => rule.token_lifetime_seconds ?? LIMITS.accessTokenLifetimeSeconds);
  return {
    effect: "permit",
    rules: rules.map((rule) => rule.id).toSorted(),
    scope: new Set(rules.flatMap((rule) => [...permittedBy(rule, scope)])),
    authorizationDetailsTypes: types,
    tokenLifetimeSeconds: Math.min(...lifetimes),
  };
}

/** The demands of one rule, the first by id, since those of several need not be met by any one sign-in. */
function stepUpFor(permits: readonly CompiledPermit[]): StepUp {
  const [first] = permits.map(({ rule }) => rule).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return first === undefined ? { acrValues: [], maximumAgeSeconds: null } : stepUpOf(first);
}

export function stepUpOf({ acr = [], maximum_authentication_age_seconds: maximumAge }: PermitRule): StepUp {
  return { acrValues: acr, maximumAgeSeconds: maximumAge ?? null };
}

function deny(cause: Deny["cause"], rule: string | null = null): Deny {
  return { effect: "deny", rule, cause, stepUp: null };
}

function idsOf(rules: readonly CompiledRule[]): readonly string[] {
  return rules.map(({ rule }) => rule.id).toSorted();
}

function permittedBy(rule: PermitRule, scope: Scope): Scope {
  return rule.scopes === "any" ? scope : intersect(scope, rule.scopes);
}

function detailsPermittedBy(rule: PermitRule, asked: ReadonlySet<string>): ReadonlySet<string> {
  const { authorization_details_types: types = new Set<string>() } = rule;
  return types === "any" ? asked : types.intersection(asked);
}

/**
 * The resources that some permit rule names for this client; "any" names none. With exactly one, a request that names
 * no resource has an answer (design: `resource` absent is accepted only where exactly one resource is possible).
 */
export function nameableResources(policy: Policy, clientId: string): ReadonlySet<string> {
  const permits = compile(policy).permits.filter(({ isFor }) => isFor(clientId));
  return new Set(permits.flatMap(({ rule: { resources } }) => (resources === "any" ? [] : [...resources])));
}

import { LIMITS } from "../limits.ts";
import type { PermitRule, Policy, Rule } from "./policy.ts";
import { intersect, type Scope } from "./scope.ts";
import { type Selector, selects } from "./selector.ts";

/** Verified facts only; nothing in here comes from an assertion whose signature has not been checked. */
export interface PolicyRequest {
  readonly issuer: string;
  readonly idpTenant: string | null;
  readonly clientId: string;
  readonly resource: string;
  readonly subject: string;
  /** `sub` of the acting party (RFC 8693 §4.1). It can only ever narrow: a rule that selects on it must name it. */
  readonly actor: string | null;
  readonly scope: Scope;
}

export interface Permit {
  readonly effect: "permit";
  readonly rules: readonly string[];
  readonly scope: Scope;
  readonly tokenLifetimeSeconds: number;
}

export interface Deny {
  readonly effect: "deny";
  /** The deny rule that matched; null when no rule permits. */
  readonly rule: string | null;
  readonly cause: "denied_by_rule" | "no_rule_permits" | "scope_not_permitted";
}

export type PolicyDecision = Permit | Deny;

/**
 * Deny by default, any matching deny wins, and the order of rules never changes the answer: the permitted scope is the
 * union over all matching permits, the lifetime the shortest that a contributing rule states.
 */
export function decide(policy: Policy, request: PolicyRequest): PolicyDecision {
  const matching = policy.rules.filter((rule) => matches(rule, request));
  const denials = matching.filter((rule) => rule.effect === "deny").map((rule) => rule.id);
  const [deniedBy] = denials.toSorted();
  if (deniedBy !== undefined) return { effect: "deny", rule: deniedBy, cause: "denied_by_rule" };
  const permits = matching.filter((rule) => rule.effect === "permit");
  if (permits.length === 0) return { effect: "deny", rule: null, cause: "no_rule_permits" };
  return permit(permits, request.scope);
}

function permit(permits: readonly PermitRule[], scope: Scope): PolicyDecision {
  const contributing = permits.filter((rule) => permittedBy(rule, scope).size > 0);
  if (contributing.length === 0) return { effect: "deny", rule: null, cause: "scope_not_permitted" };
  const lifetimes = contributing.map((rule) => rule.token_lifetime_seconds ?? LIMITS.accessTokenLifetimeSeconds);
  return {
    effect: "permit",
    rules: contributing.map((rule) => rule.id).toSorted(),
    scope: new Set(contributing.flatMap((rule) => [...permittedBy(rule, scope)])),
    tokenLifetimeSeconds: Math.min(...lifetimes),
  };
}

function permittedBy(rule: PermitRule, scope: Scope): Scope {
  return rule.scopes === "any" ? scope : intersect(scope, rule.scopes);
}

function matches(rule: Rule, request: PolicyRequest): boolean {
  return (
    selects(rule.clients, request.clientId) &&
    selects(rule.resources, request.resource) &&
    restricts(rule.issuers, request.issuer) &&
    restricts(rule.tenants, request.idpTenant) &&
    restricts(rule.subjects, request.subject) &&
    restricts(rule.actors, request.actor)
  );
}

/** A selector that a rule leaves out is no condition; one that it states must name the value. */
function restricts(selector: Selector | undefined, candidate: string | null): boolean {
  return selector === undefined || selects(selector, candidate);
}

/**
 * The resources that some permit rule names for this client; "any" names none. With exactly one, a request that names
 * no resource has an answer (design: `resource` absent is accepted only where exactly one resource is possible).
 */
export function nameableResources(policy: Policy, clientId: string): ReadonlySet<string> {
  const rules = policy.rules.filter((rule) => rule.effect === "permit" && selects(rule.clients, clientId));
  return new Set(rules.flatMap((rule) => (rule.resources === "any" ? [] : [...rule.resources])));
}

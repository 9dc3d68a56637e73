import { type DeniedCalls, deniedCallsName, type PermittedCalls, permittedCallsName } from "./calls.ts";
import { authenticationConditionsOf, type Condition, conditionsOf, factsOf } from "./conditions.ts";
import { compileCallExpression, mentions } from "./expression.ts";
import type { Operation } from "./operation.ts";
import type { PermitRule, Policy, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { RuleIndex } from "./rule-index.ts";
import { clientMatcher } from "./selector.ts";

/** A rule with its conditions ready to be asked. */
export interface CompiledRule<Kind extends Rule = Rule> {
  readonly rule: Kind;
  /** Whether it names this client, or its family. */
  readonly isFor: (clientId: string) => boolean;
  readonly conditions: readonly Condition[];
  /** null for a rule that is about every call. */
  readonly calls: CompiledCalls | null;
}

export interface CompiledPermit extends CompiledRule<PermitRule> {
  /** Kept apart: when these alone fail, a better sign-in helps. */
  readonly authentication: readonly Condition[];
}

export interface CompiledCalls {
  readonly names: (operation: Operation) => boolean;
  readonly condition: ((request: PolicyRequest, operation: Operation) => boolean) | null;
  /** Whether the condition looks at what a token may not tell: see `Condition.restsOn`. */
  readonly restsOnFacts: boolean;
}

export interface CompiledPolicy {
  readonly denies: readonly CompiledRule[];
  readonly permits: readonly CompiledPermit[];
  /** The same rules, by whom and what they are about. */
  readonly denyIndex: RuleIndex<CompiledRule>;
  readonly permitIndex: RuleIndex<CompiledPermit>;
  /** Whether any rule asks what tools say of themselves. */
  readonly asksAboutTools: boolean;
}

const compiled = new WeakMap<Policy, CompiledPolicy>();

/** Once a revision: the trust store hands out the same value for the same text. */
export function compile(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const denies = policy.rules
    .filter((rule) => rule.effect === "deny")
    .map((rule) => ({ ...compileRule(rule), calls: compileDenied(rule.calls) }));
  const permits = policy.rules
    .filter((rule) => rule.effect === "permit")
    .map((rule) => ({
      ...compileRule(rule),
      calls: compilePermitted(rule.calls),
      authentication: authenticationConditionsOf(rule),
    }));
  const asksAboutTools = policy.rules.some(({ calls }) => calls?.annotations !== undefined);
  const indices = { denyIndex: new RuleIndex(denies), permitIndex: new RuleIndex(permits) };
  const fresh = { denies, permits, ...indices, asksAboutTools };
  compiled.set(policy, fresh);
  return fresh;
}

function compileRule<Kind extends Rule>(rule: Kind): Omit<CompiledRule<Kind>, "calls"> {
  const isFor = clientMatcher(rule.clients);
  return { rule, isFor, conditions: conditionsOf(rule, isFor) };
}

function compileDenied(calls: DeniedCalls | undefined): CompiledCalls | null {
  if (calls === undefined) return null;
  return { names: (operation) => deniedCallsName(calls, operation), ...compileCondition(calls) };
}

function compilePermitted(calls: PermittedCalls | undefined): CompiledCalls | null {
  if (calls === undefined) return null;
  return { names: (operation) => permittedCallsName(calls, operation), ...compileCondition(calls) };
}

function compileCondition({ condition: text }: DeniedCalls): Pick<CompiledCalls, "condition" | "restsOnFacts"> {
  if (text === undefined) return { condition: null, restsOnFacts: false };
  const expression = compileCallExpression(text);
  // As in conditions.ts: what the schema has let through compiles, or passes for neither true nor false.
  if (typeof expression !== "function") throw new TypeError("expression does not compile");
  const condition: CompiledCalls["condition"] = (request, { method, name, arguments: given }) =>
    expression({ ...factsOf(request), method, name: name ?? "", arguments: given ?? {} });
  return { condition, restsOnFacts: mentions(text, "groups") || mentions(text, "email_domain") };
}

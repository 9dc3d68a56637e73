import { compileExpression, type ExpressionFacts } from "./expression.ts";
import type { PermitRule, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { clientMatcher, type Selector, selects, selectsAny } from "./selector.ts";

/** One thing that a rule demands, under the name it has in the document. */
export interface Condition {
  readonly name: string;
  readonly holds: (request: PolicyRequest) => boolean;
}

type Candidate = (request: PolicyRequest) => string | null | ReadonlySet<string>;

/** Cheap ones first; the order changes nothing but the time it takes. */
const SELECTED: readonly (readonly [keyof Rule, Candidate])[] = [
  ["resources", (request) => request.resource],
  ["issuers", (request) => request.issuer],
  ["tenants", (request) => request.idpTenant],
  ["subjects", (request) => request.subject],
  ["actors", (request) => request.actor],
  ["email_domains", (request) => request.emailDomain],
  ["amr", (request) => request.amr],
  ["groups", (request) => request.groups],
];

/** Everything that a rule states about the request, the expression last. */
export function conditionsOf(rule: Rule): readonly Condition[] {
  const selected = SELECTED.flatMap(([name, candidate]) => {
    const selector = rule[name] as Selector | undefined;
    return selector === undefined ? [] : [select(name, selector, candidate)];
  });
  const isClient = clientMatcher(rule.clients);
  const client = { name: "clients", holds: ({ clientId }: PolicyRequest) => isClient(clientId) };
  return [client, ...selected, ...timeConditions(rule), ...expressionCondition(rule)];
}

function select(name: string, selector: Selector, candidate: Candidate): Condition {
  const holds = (request: PolicyRequest): boolean => {
    const value = candidate(request);
    return value === null || typeof value === "string" ? selects(selector, value) : selectsAny(selector, value);
  };
  return { name, holds };
}

function timeConditions({ not_before, not_after }: Rule): readonly Condition[] {
  const [from, until] = [seconds(not_before), seconds(not_after)];
  return [
    ...(from === null ? [] : [{ name: "not_before", holds: ({ nowSeconds }: PolicyRequest) => nowSeconds >= from }]),
    ...(until === null ? [] : [{ name: "not_after", holds: ({ nowSeconds }: PolicyRequest) => nowSeconds < until }]),
  ];
}

function seconds(instant: string | undefined): number | null {
  return instant === undefined ? null : Date.parse(instant) / 1000;
}

function expressionCondition({ condition }: Rule): readonly Condition[] {
  if (condition === undefined) return [];
  const expression = compileExpression(condition);
  // The schema has refused what does not compile; if one came here all the same, it must not pass for true or false.
  if (typeof expression !== "function") throw new TypeError("expression does not compile");
  return [{ name: "condition", holds: (request) => expression(factsOf(request)) }];
}

function factsOf(request: PolicyRequest): ExpressionFacts {
  return {
    issuer: request.issuer,
    tenant: request.idpTenant ?? "",
    client: request.clientId,
    resource: request.resource,
    subject: request.subject,
    groups: [...request.groups],
    email_domain: request.emailDomain ?? "",
    actor: request.actor ?? "",
    acr: request.acr ?? "",
    amr: [...request.amr],
    scope: [...request.scope],
  };
}

/** What a better sign-in could satisfy. A claim that is absent does not (RFC 9470 §6). */
export function authenticationConditionsOf(rule: PermitRule): readonly Condition[] {
  const { acr, maximum_authentication_age_seconds: maximumAge } = rule;
  const isRecent = ({ authTimeSeconds, nowSeconds }: PolicyRequest): boolean =>
    authTimeSeconds !== null && nowSeconds - authTimeSeconds <= (maximumAge ?? 0);
  return [
    ...(acr === undefined
      ? []
      : [{ name: "acr", holds: (request: PolicyRequest) => acr.some((one) => one === request.acr) }]),
    ...(maximumAge === undefined ? [] : [{ name: "maximum_authentication_age_seconds", holds: isRecent }]),
  ];
}

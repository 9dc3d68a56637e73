import { compileExpression, type ExpressionFacts, mentions } from "./expression.ts";
import type { PermitRule, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { clientMatcher, type Selector, selects, selectsAny } from "./selector.ts";

/** One thing that a rule demands, under the name it has in the document. */
export interface Condition {
  readonly name: string;
  /**
   * Groups and addresses, unlike the rest of a request, are only known as far as somebody asked: a token names those that
   * policy asked about when it was made. What is named is certain then, and an expression over them never is.
   */
  readonly restsOn: "request" | "named_facts" | "all_facts";
  readonly holds: (request: PolicyRequest) => boolean;
}

const NAMED_FACTS: ReadonlySet<string> = new Set(["groups", "email_domains"]);

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
export function conditionsOf(rule: Rule, isFor = clientMatcher(rule.clients)): readonly Condition[] {
  const selected = SELECTED.flatMap(([name, candidate]) => {
    const selector = rule[name] as Selector | undefined;
    return selector === undefined ? [] : [select(name, selector, candidate)];
  });
  const client = ofRequest("clients", ({ clientId }) => isFor(clientId));
  return [client, ...selected, ...detailsCondition(rule), ...timeConditions(rule), ...expressionCondition(rule)];
}

/** Of a denial; in a permit the same member says what it grants. */
function detailsCondition(rule: Rule): readonly Condition[] {
  const { effect, authorization_details_types: types } = rule;
  if (effect === "permit" || types === undefined) return [];
  return [select("authorization_details_types", types, (request) => request.authorizationDetailsTypes)];
}

function select(name: string, selector: Selector, candidate: Candidate): Condition {
  const holds = (request: PolicyRequest): boolean => {
    const value = candidate(request);
    return value === null || typeof value === "string" ? selects(selector, value) : selectsAny(selector, value);
  };
  return { name, restsOn: NAMED_FACTS.has(name) ? "named_facts" : "request", holds };
}

function timeConditions({ not_before, not_after }: Rule): readonly Condition[] {
  const [from, until] = [seconds(not_before), seconds(not_after)];
  return [
    ...(from === null ? [] : [ofRequest("not_before", ({ nowSeconds }) => nowSeconds >= from)]),
    ...(until === null ? [] : [ofRequest("not_after", ({ nowSeconds }) => nowSeconds < until)]),
  ];
}

function ofRequest(name: string, holds: Condition["holds"]): Condition {
  return { name, restsOn: "request", holds };
}

function seconds(instant: string | undefined): number | null {
  return instant === undefined ? null : Date.parse(instant) / 1000;
}

function expressionCondition({ condition }: Rule): readonly Condition[] {
  if (condition === undefined) return [];
  const expression = compileExpression(condition);
  // The schema has refused what does not compile; if one came here all the same, it must not pass for true or false.
  if (typeof expression !== "function") throw new TypeError("expression does not compile");
  const restsOn = mentions(condition, "groups") || mentions(condition, "email_domain") ? "all_facts" : "request";
  return [{ name: "condition", restsOn, holds: (request) => expression(factsOf(request)) }];
}

const facts = new WeakMap<PolicyRequest, ExpressionFacts>();

/** The facts of a request by their names in expressions, put together once however many ask. */
export function factsOf(request: PolicyRequest): ExpressionFacts {
  const known = facts.get(request);
  if (known !== undefined) return known;
  const fresh = spellFacts(request);
  facts.set(request, fresh);
  return fresh;
}

function spellFacts(request: PolicyRequest): ExpressionFacts {
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
    ...(acr === undefined ? [] : [ofRequest("acr", (request) => acr.some((one) => one === request.acr))]),
    ...(maximumAge === undefined ? [] : [ofRequest("maximum_authentication_age_seconds", isRecent)]),
  ];
}

import type { AccessToken } from "../access-token/verify.ts";
import type { GatewayRefusal } from "../audit/reason.ts";
import { nameOfAsked } from "../policy/asked-facts.ts";
import {
  type CallDenied,
  type CallLacking,
  type CallPermitted,
  type CallRequest,
  decideCall,
} from "../policy/decide-call.ts";
import { listedBy, type Operation } from "../policy/operation.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyRequest } from "../policy/policy-request.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { coveringScopes } from "./operation.ts";
import { CallRefused } from "./refusal.ts";

/** Who calls which server, and the policy that their organization has now: what every operation is judged by. */
export interface Caller {
  readonly token: AccessToken;
  readonly resource: ProtectedResource;
  readonly policy: Revised<Policy>;
  readonly isFactsComplete: boolean;
  readonly nowSeconds: number;
}

export interface AuthorizationDependencies {
  readonly findPolicy: (organization: string) => Promise<Revised<Policy> | null>;
}

/**
 * The policy of today, whatever it was when the token was made: what was narrowed since reaches live tokens.
 * @throws CallRefused when the organization has no policy any more, Outage
 */
export async function identifyCaller(
  call: Pick<Caller, "token" | "resource" | "nowSeconds">,
  { findPolicy }: AuthorizationDependencies,
): Promise<Caller> {
  const { subject, organization } = call.token;
  // No token that we make today is without them, and a rule about somebody must not be asked about nobody.
  if (subject.issuer === null || subject.sub === null) throw new CallRefused("token_outdated");
  const policy = await findPolicy(organization);
  if (policy === null) throw new CallRefused("call_policy_absent");
  return { ...call, policy, isFactsComplete: await tellsAll(call, policy) };
}

/**
 * Whether the token tells all that there is, or was made by this revision, or by one that asked about the same groups
 * and addresses; one that policy did not make does where policy asks about neither.
 */
async function tellsAll(
  { token, resource }: Pick<Caller, "token" | "resource">,
  { document, revision }: Revised<Policy>,
): Promise<boolean> {
  if (token.isFactsStated || token.policy.revision === revision) return true;
  const asker = { clientId: token.clientId, resource: resource.resource };
  return (await nameOfAsked(document, asker)) === token.policy.asked;
}

/**
 * The one policy, asked about one message, or about the connection itself where there is none.
 * @returns the rules that permit it, and what they demand. @throws CallRefused, saying what would help where something would
 */
export function requirePermitted(caller: Caller, operation: Operation | null): CallPermitted {
  // A list with holes where the token tells too little would be taken for the whole.
  const isList = operation !== null && listedBy(operation.method) !== null;
  if (isList && !caller.isFactsComplete) throw new CallRefused("token_outdated");
  const decision = decideCall(caller.policy.document, callRequestOf(caller, operation));
  if (decision.effect === "permit") return decision;
  throw decision.effect === "deny" ? denied(decision) : lacking(decision);
}

/**
 * @returns whether a list shows it, to be asked about each of its items: the caller may use it, or may get what it still takes. What arguments decide is decided when
 * they are known.
 */
export function showsTo(caller: Caller): (operation: Operation) => boolean {
  const { resource, policy, isFactsComplete } = caller;
  const request = policyRequestOf(caller);
  return (operation) => {
    const covering = coveringScopes(resource, operation);
    if (covering.length === 0) return false;
    return (
      decideCall(policy.document, { request, operation, coveringScopes: covering, isFactsComplete }).effect !== "deny"
    );
  };
}

/** @throws CallRefused for an operation that no scope of the server means */
export function callRequestOf(caller: Caller, operation: Operation | null): CallRequest {
  const { resource, isFactsComplete } = caller;
  const covering = operation === null ? [] : coveringScopes(resource, operation);
  if (operation !== null && covering.length === 0) throw new CallRefused("operation_unknown");
  return { request: policyRequestOf(caller), operation, coveringScopes: covering, isFactsComplete };
}

/** What redemption asked of policy, from what the token kept of it. */
function policyRequestOf({ token, resource, nowSeconds }: Caller): PolicyRequest {
  const { subject, authentication } = token;
  return {
    issuer: subject.issuer ?? "",
    idpTenant: subject.tenant,
    clientId: token.clientId,
    resource: resource.resource,
    subject: subject.sub ?? "",
    groups: token.groups,
    emailDomain: token.emailDomain,
    actor: token.actor,
    acr: authentication.acr,
    amr: new Set(authentication.amr),
    authTimeSeconds: authentication.authTimeSeconds,
    nowSeconds,
    isKeyBound: token.confirmedKey !== null,
    scope: token.scope,
    authorizationDetailsTypes: token.authorizationDetailsTypes,
  };
}

const DENIED: Record<CallDenied["cause"], GatewayRefusal> = {
  denied_by_rule: "call_denied",
  condition_failed: "call_condition_failed",
  no_rule_permits: "call_no_rule",
  facts_incomplete: "token_outdated",
};

function denied({ cause, rule }: CallDenied): CallRefused {
  return new CallRefused(DENIED[cause], { policyRule: rule });
}

/** What is hardest to get is named first; the challenge says the rest along with it. */
function lacking({ rule, scopes, stepUp, isKeyBindingLacking }: CallLacking): CallRefused {
  const detail = { policyRule: rule, neededScopes: scopes, stepUp };
  if (isKeyBindingLacking) return new CallRefused("token_binding", { ...detail, isKeyBindingWanted: true });
  return new CallRefused(stepUp === null ? "scope_insufficient" : "call_authentication", detail);
}

import type { DpopProof } from "../../dpop/proof.ts";
import { type CarriedFacts, carriedFacts } from "../../policy/asked-facts.ts";
import { type AuthorizationDetail, typesOf } from "../../policy/authorization-details.ts";
import { decide, type Deny } from "../../policy/decide.ts";
import { judgedFacts } from "../../policy/judged-facts.ts";
import type { PolicyRequest } from "../../policy/policy-request.ts";
import type { Scope } from "../../policy/scope.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { JudgedFacts } from "../../audit/judged-facts.ts";
import type { Refusal } from "../../audit/reason.ts";
import type { IdJag, Presented, Subject } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";

export type PolicyFacts = Pick<Presented, "client" | "nowSeconds"> & {
  readonly proof: DpopProof | null;
  readonly idJag: IdJag;
  readonly organization: string;
  readonly idpTenant: string | null;
  readonly subject: Subject;
  readonly resource: ProtectedResource;
  readonly admissibleScope: Scope;
  readonly admissibleDetails: readonly AuthorizationDetail[];
};

interface Gives {
  readonly grantedScope: Scope;
  readonly grantedDetails: readonly AuthorizationDetail[];
  readonly tokenLifetimeSeconds: number;
  readonly policyRules: readonly string[];
  readonly policyRevision: string;
  readonly policyFacts: CarriedFacts;
  readonly judged: JudgedFacts;
}

const REFUSALS: Record<Deny["cause"], Refusal> = {
  denied_by_rule: "policy_denied",
  no_rule_permits: "policy_no_rule",
  scope_not_permitted: "policy_scope",
  condition_failed: "policy_condition_failed",
  authentication_insufficient: "authentication_insufficient",
  key_binding_required: "proof_missing",
  details_not_permitted: "authorization_details_not_permitted",
};

/** The organization's own rules, on verified facts only. No policy is no permission. */
export async function policy(known: PolicyFacts, { findPolicy }: Pick<Dependencies, "findPolicy">): Promise<Gives> {
  const found = await findPolicy(known.organization);
  if (found === null) throw new Rejected("policy_absent");
  const request = policyRequestOf(known);
  const [decision, judged] = [decide(found.document, request), judgedFacts(found.document, request)];
  if (decision.effect === "deny") {
    const { rule, stepUp } = decision;
    throw new Rejected(REFUSALS[decision.cause], { stepUp, policyRule: rule, policyRevision: found.revision, judged });
  }
  return {
    grantedScope: decision.scope,
    grantedDetails: known.admissibleDetails.filter(({ type }) => decision.authorizationDetailsTypes.has(type)),
    tokenLifetimeSeconds: Math.min(decision.tokenLifetimeSeconds, known.resource.token_lifetime_seconds),
    policyRules: decision.rules,
    policyRevision: found.revision,
    policyFacts: await carriedFacts(found.document, request),
    judged,
  };
}

/** What policy is asked, from what the checks before it established; also what an explanation asks it again. */
export function policyRequestOf(known: PolicyFacts): PolicyRequest {
  const { idJag, subject } = known;
  return {
    issuer: subject.issuer,
    idpTenant: known.idpTenant,
    clientId: known.client.client_id,
    resource: known.resource.resource,
    subject: subject.sub,
    groups: idJag.groups,
    emailDomain: idJag.emailDomain,
    actor: idJag.actor?.sub ?? null,
    acr: idJag.authentication.acr,
    amr: new Set(idJag.authentication.amr),
    authTimeSeconds: idJag.authentication.authTimeSeconds,
    nowSeconds: known.nowSeconds,
    isKeyBound: known.proof !== null,
    scope: known.admissibleScope,
    authorizationDetailsTypes: typesOf(known.admissibleDetails),
  };
}

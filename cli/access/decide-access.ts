import type { DpopProof } from "../../src/dpop/proof.ts";
import type { StepUp } from "../../src/policy/decide.ts";
import { type AuthorizationDetail, typesOf } from "../../src/policy/authorization-details.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import type { Scope } from "../../src/policy/scope.ts";
import type { IdJag, Presented, Subject } from "../../src/redemption/assertion.ts";
import { policy, policyRequestOf } from "../../src/redemption/checks/policy.ts";
import { resource } from "../../src/redemption/checks/resource.ts";
import { scope } from "../../src/redemption/checks/scope.ts";
import type { Dependencies } from "../../src/redemption/dependencies.ts";
import { Pipeline } from "../../src/redemption/pipeline.ts";
import { Rejected } from "../../src/redemption/rejection.ts";
import { type Client, GRANT_TYPE_JWT_BEARER } from "../../src/trust/client.ts";
import type { Revised } from "../../src/trust/trust-store.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import { findClientIn, type TrustSet } from "../trust-set.ts";

/** Somebody who asks for one resource, as far as trust and policy look at him. */
export interface AccessFacts {
  readonly organization: string;
  readonly clientId: string;
  readonly resource: string;
  readonly issuer: string;
  readonly tenant: string | null;
  readonly subject: string;
  readonly groups: ReadonlySet<string>;
  readonly emailDomain: string | null;
  readonly actor: string | null;
  readonly acr: string | null;
  readonly amr: readonly string[];
  readonly authTimeSeconds: number | null;
  readonly isKeyBound: boolean;
  readonly assertedScope: Scope | null;
  readonly requestedScope: string | null;
  /** Of authorization_details that are asked for, each once; what they say is not policy's to judge. */
  readonly detailsTypes: readonly string[];
  readonly nowSeconds: number;
}

export interface Access {
  readonly scope: Scope;
  readonly detailsTypes: ReadonlySet<string>;
  /** What policy is asked again about each call; null where nothing is granted. */
  readonly request: PolicyRequest | null;
  readonly tokenLifetimeSeconds: number | null;
  /** The rules that permit, or the one that decides against it. */
  readonly rules: readonly string[];
  /** null where something is granted. */
  readonly reason: string | null;
  /** The check that refused, by its name in redemption.ts. */
  readonly check: string | null;
  readonly stepUp: StepUp | null;
}

interface Start extends Presented {
  readonly idp: TrustedIdp;
  readonly idJag: IdJag;
  readonly idpTenant: string | null;
  readonly organization: string;
  readonly subject: Subject;
  readonly proof: DpopProof | null;
  readonly admissibleDetails: readonly AuthorizationDetail[];
}

/** The checks of redemption on which trust and policy have a say, the very ones that run in the Worker. */
const access = Pipeline.of<Start, Pick<Dependencies, "findResource" | "findPolicy">>()
  .check("resource", resource)
  .check("scope", scope)
  .check("policy", policy);

/** What these documents would grant. */
export async function decideAccess(set: TrustSet, facts: AccessFacts): Promise<Access> {
  const parties = findParties(set, facts);
  if ("reason" in parties) return { ...NOTHING, ...parties };
  const outcome = await access.run(startFor(facts, parties), {
    findResource: async (name) => revised(set.resource.get(name)),
    findPolicy: async (name) => revised<Policy>(set.policy.get(name)),
  });
  if (!outcome.completed)
    return { ...NOTHING, ...refusalOf(outcome.cause), reason: outcome.reason, check: outcome.refusedAt };
  const { grantedScope, grantedDetails, tokenLifetimeSeconds, policyRules } = outcome.known;
  const request = { ...policyRequestOf(outcome.known), scope: grantedScope };
  const granted = { scope: grantedScope, detailsTypes: typesOf(grantedDetails), request };
  return { ...NOTHING, ...granted, tokenLifetimeSeconds, rules: policyRules };
}

const NOTHING: Access = {
  scope: new Set(),
  detailsTypes: new Set(),
  request: null,
  tokenLifetimeSeconds: null,
  rules: [],
  reason: null,
  check: null,
  stepUp: null,
};

function refusalOf(cause: unknown): Pick<Access, "rules" | "stepUp"> {
  const { policyRule = null, stepUp = null } = cause instanceof Rejected ? cause.detail : {};
  return { rules: policyRule === null ? [] : [policyRule], stepUp };
}

function revised<Document>(document: Document | undefined): Revised<Document> | null {
  return document === undefined ? null : { document, revision: "" };
}

interface Parties {
  readonly client: Client;
  readonly idp: TrustedIdp;
}

type EarlyRefusal = Pick<Access, "reason" | "check">;

/** As the checks before those above would: the client, the issuer, the tenant, the proof. */
function findParties(set: TrustSet, facts: AccessFacts): Parties | EarlyRefusal {
  const [client, idp] = [findClientIn(set, facts.clientId), set.idp.get(facts.issuer)];
  if (client === null) return { reason: "client_unknown", check: "client_authentication" };
  if (!client.enabled) return { reason: "client_disabled", check: "client_authentication" };
  if (idp === undefined) return { reason: "issuer_not_trusted", check: "issuer_trusted" };
  if (!idp.enabled) return { reason: "issuer_disabled", check: "issuer_trusted" };
  if (!idp.assertion_types.includes("id-jag"))
    return { reason: "assertion_type_not_accepted", check: "issuer_trusted" };
  if (!speaksFor(idp, facts)) return { reason: "tenant_not_bound", check: "tenant" };
  const types = set.resource.get(facts.resource)?.authorization_details_types ?? {};
  if (facts.detailsTypes.some((type) => !Object.hasOwn(types, type)))
    return { reason: "authorization_details_type_unknown", check: "authorization_details" };
  if (client.dpop_required && !facts.isKeyBound) return { reason: "proof_missing", check: "proof_of_possession" };
  return { client, idp };
}

function speaksFor({ organization, tenants }: TrustedIdp, facts: AccessFacts): boolean {
  if (tenants === undefined) return facts.tenant === null && organization === facts.organization;
  return facts.tenant !== null && Object.hasOwn(tenants, facts.tenant) && tenants[facts.tenant] === facts.organization;
}

function startFor(facts: AccessFacts, { client, idp }: Parties): Start {
  const { nowSeconds, organization, issuer, tenant, subject } = facts;
  return {
    nowSeconds,
    attemptId: "",
    client,
    clientRevision: "",
    grantType: GRANT_TYPE_JWT_BEARER,
    assertion: "",
    requestedScope: facts.requestedScope,
    requestedResource: facts.resource,
    requestedAuthorizationDetails: null,
    dpopProof: null,
    idp,
    idJag: idJagOf(facts, idp),
    idpTenant: idp.tenants === undefined ? null : tenant,
    organization,
    subject: { issuer, tenant, sub: subject, account: null, principal: "" },
    admissibleDetails: facts.detailsTypes.map((type) => ({ type })),
    proof: facts.isKeyBound ? proofAt(nowSeconds) : null,
  };
}

function proofAt(issuedAtSeconds: number): DpopProof {
  return { thumbprint: "", jti: "", nonce: null, issuedAtSeconds, notBeforeSeconds: null, expiresAtSeconds: null };
}

/** Groups and domains count only where the issuer's record says that they do. */
function idJagOf(facts: AccessFacts, idp: TrustedIdp): IdJag {
  const { actor, acr, amr, authTimeSeconds, emailDomain, nowSeconds } = facts;
  return {
    issuer: facts.issuer,
    sub: facts.subject,
    assertionAudience: [],
    clientId: facts.clientId,
    jti: "",
    issuedAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds + 60,
    notBeforeSeconds: null,
    assertedScope: facts.assertedScope,
    assertedResources: [facts.resource],
    assertedDetails: undefined,
    actor: actor === null ? null : { sub: actor, iss: null, claim: {} },
    authentication: { authTimeSeconds, acr, amr },
    groups: idp.groups_claim === undefined ? new Set() : facts.groups,
    emailDomain: emailDomain !== null && idp.email_domains.includes(emailDomain) ? emailDomain : null,
    hash: "",
    confirmedKey: null,
  };
}

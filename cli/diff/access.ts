import type { DpopProof } from "../../src/dpop/proof.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { IdJag, Presented, Subject } from "../../src/redemption/assertion.ts";
import { policy } from "../../src/redemption/checks/policy.ts";
import { resource } from "../../src/redemption/checks/resource.ts";
import { scope } from "../../src/redemption/checks/scope.ts";
import type { Dependencies } from "../../src/redemption/dependencies.ts";
import { Pipeline } from "../../src/redemption/pipeline.ts";
import { GRANT_TYPE_JWT_BEARER } from "../../src/trust/client.ts";
import type { Revised } from "../../src/trust/trust-store.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import { findClientIn, type TrustSet } from "../trust-set.ts";

/** Somebody who asks, as far as policy can tell people apart. */
export interface Person {
  readonly issuer: string;
  readonly tenant: string | null;
  readonly subject: string;
  readonly group: string | null;
  readonly emailDomain: string | null;
  readonly actor: string | null;
  readonly amr: string | null;
  readonly acr: string | null;
  readonly isFreshlySignedIn: boolean;
  readonly isKeyBound: boolean;
}

export interface Asked {
  readonly organization: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scope: readonly string[];
  readonly person: Person;
  readonly nowSeconds: number;
}

interface Start extends Presented {
  readonly idp: TrustedIdp;
  readonly idJag: IdJag;
  readonly idpTenant: string | null;
  readonly organization: string;
  readonly subject: Subject;
  readonly proof: DpopProof | null;
}

/** The checks of redemption on which trust and policy have a say, the very ones that run in the Worker. */
const access = Pipeline.of<Start, Pick<Dependencies, "findResource" | "findPolicy">>()
  .check("resource", resource)
  .check("scope", scope)
  .check("policy", policy);

const NOTHING: ReadonlySet<string> = new Set();

/** @returns the scopes that this person would be granted under these documents. */
export async function findAccess(set: TrustSet, asked: Asked): Promise<ReadonlySet<string>> {
  const start = startFor(set, asked);
  if (start === null) return NOTHING;
  const outcome = await access.run(start, {
    findResource: async (name) => revised(set.resource.get(name)),
    findPolicy: async (name) => revised<Policy>(set.policy.get(name)),
  });
  return outcome.completed ? outcome.known.grantedScope : NOTHING;
}

function revised<Document>(document: Document | undefined): Revised<Document> | null {
  return document === undefined ? null : { document, revision: "" };
}

/** @returns null where an earlier check would have refused already: the client, the issuer, the tenant, the proof. */
function startFor(set: TrustSet, asked: Asked): Start | null {
  const { person, organization, nowSeconds } = asked;
  const [client, idp] = [findClientIn(set, asked.clientId), set.idp.get(person.issuer)];
  if (client?.enabled !== true || idp?.enabled !== true || !speaksFor(idp, asked)) return null;
  if (client.dpop_required && !person.isKeyBound) return null;
  return {
    nowSeconds,
    attemptId: "",
    client,
    clientRevision: "",
    grantType: GRANT_TYPE_JWT_BEARER,
    assertion: "",
    requestedScope: null,
    requestedResource: asked.resource,
    requestedAuthorizationDetails: null,
    dpopProof: null,
    idp,
    idJag: idJagOf(asked, idp),
    idpTenant: idp.tenants === undefined ? null : person.tenant,
    organization,
    subject: { issuer: person.issuer, tenant: person.tenant, sub: person.subject, account: null, principal: "" },
    proof: person.isKeyBound ? proofAt(nowSeconds) : null,
  };
}

function proofAt(issuedAtSeconds: number): DpopProof {
  return { thumbprint: "", jti: "", nonce: null, issuedAtSeconds, notBeforeSeconds: null, expiresAtSeconds: null };
}

function speaksFor(idp: TrustedIdp, { person, organization }: Asked): boolean {
  if (idp.tenants === undefined) return person.tenant === null && idp.organization === organization;
  return (
    person.tenant !== null && Object.hasOwn(idp.tenants, person.tenant) && idp.tenants[person.tenant] === organization
  );
}

/** Groups and domains count only where the issuer's record says that they do. */
function idJagOf(
  { person, clientId, resource: identifier, scope: asserted, nowSeconds }: Asked,
  idp: TrustedIdp,
): IdJag {
  const { group, emailDomain, actor, amr, acr } = person;
  return {
    issuer: person.issuer,
    sub: person.subject,
    assertionAudience: [],
    clientId,
    jti: "",
    issuedAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds + 60,
    notBeforeSeconds: null,
    assertedScope: new Set(asserted),
    assertedResources: [identifier],
    hasAuthorizationDetails: false,
    actor: actor === null ? null : { sub: actor, iss: null, claim: {} },
    authentication: {
      authTimeSeconds: person.isFreshlySignedIn ? nowSeconds : null,
      acr,
      amr: amr === null ? null : [amr],
    },
    groups: new Set(group === null || idp.groups_claim === undefined ? [] : [group]),
    emailDomain: emailDomain !== null && idp.email_domains.includes(emailDomain) ? emailDomain : null,
    hash: "",
    confirmedKey: null,
  };
}

import type { DpopProof } from "../../dpop/proof.ts";
import { digestParts } from "../../jwt/digest.ts";
import type { CarriedFacts } from "../../policy/asked-facts.ts";
import { spellCanonically } from "../../jwt/canonical-json.ts";
import type { AuthorizationDetail } from "../../policy/authorization-details.ts";
import type { Scope } from "../../policy/scope.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { IdJag, Presented, Subject } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import type { AccessTokenContents, SealedAccessToken } from "../sealed-access-token.ts";

type Needs = Pick<Presented, "client" | "nowSeconds" | "attemptId"> & {
  readonly idJag: IdJag;
  readonly signingKeyId: string | null;
  readonly proof: DpopProof | null;
  readonly organization: string;
  readonly resource: ProtectedResource;
  readonly subject: Subject;
  readonly grantedScope: Scope;
  readonly tokenLifetimeSeconds: number;
  readonly policyFacts: CarriedFacts;
  readonly policyRevision: string;
  readonly grantedDetails: readonly AuthorizationDetail[];
};

/**
 * RFC 9068: signed now and shown to nobody, because a signer that fails must not cost the client its assertion. The
 * token's audience is the granted resource; the assertion's, which is us, never becomes it.
 */
export async function accessTokenSigned(
  known: Needs,
  { signAccessToken }: Pick<Dependencies, "signAccessToken">,
): Promise<{ contents: AccessTokenContents; sealed: SealedAccessToken }> {
  const contents = describe(known, await digestDetails(known.grantedDetails));
  return { contents, sealed: await signAccessToken(contents) };
}

/** The same for the same elements, whatever their order and spelling. */
async function digestDetails(details: readonly AuthorizationDetail[]): Promise<string | null> {
  return details.length === 0 ? null : digestParts(details.map(spellCanonically).toSorted());
}

function describe(known: Needs, authorizationDetailsHash: string | null): AccessTokenContents {
  return {
    tokenId: known.attemptId,
    tokenAudience: known.resource.resource,
    clientId: known.client.client_id,
    subject: known.subject,
    organization: known.organization,
    scope: known.grantedScope,
    authorizationDetails: known.grantedDetails,
    authorizationDetailsHash,
    actor: known.idJag.actor,
    authentication: known.idJag.authentication,
    policyFacts: known.policyFacts,
    policyRevision: known.policyRevision,
    assertion: { issuedAtSeconds: known.idJag.issuedAtSeconds, keyId: known.signingKeyId },
    confirmedKey: known.proof?.thumbprint ?? null,
    issuedAtSeconds: known.nowSeconds,
    expiresAtSeconds: known.nowSeconds + known.tokenLifetimeSeconds,
  };
}

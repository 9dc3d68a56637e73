import type { FencedFacts } from "../revocation/fence.ts";
import { documentFenceName } from "../revocation/document-fence.ts";
import { namesOf } from "../revocation/fence-names.ts";
import type { Decided } from "./dependencies.ts";

/** Everything that must not have been revoked when the ledger consumes the assertion, which is the moment of issue. */
export function fencedFacts(decided: Decided): FencedFacts {
  const { subject, contents, sealed } = decided;
  const names = namesOf({
    ...subject,
    organization: decided.organization,
    clientId: decided.client.client_id,
    resource: decided.resource.resource,
    tokenId: contents.tokenId,
    assertionKeyId: decided.signingKeyId,
    signingKeyId: sealed.signingKeyId,
  });
  return { names: [...names, ...documentNames(decided)], signedInAtMilliseconds: signedInAt(decided) };
}

/** The very texts that it rests on: one that has been replaced by a narrower one can be fenced before KV has spread it. */
function documentNames({ idpRevision, clientRevision, resourceRevision, policyRevision }: Decided): readonly string[] {
  return [
    documentFenceName("idp", idpRevision),
    documentFenceName("client", clientRevision),
    documentFenceName("resource", resourceRevision),
    documentFenceName("policy", policyRevision),
  ];
}

/** Never later than the assertion: a provider cannot have seen a sign-in that was still to come. */
function signedInAt({ idJag: { issuedAtSeconds, authentication } }: Decided): number {
  return Math.min(authentication.authTimeSeconds ?? issuedAtSeconds, issuedAtSeconds) * 1000;
}

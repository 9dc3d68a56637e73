import type { AuditFacts } from "../audit/audit-event.ts";
import { typesOf } from "../policy/authorization-details.ts";
import { formatScope, parseScope } from "../policy/scope.ts";
import type { Decided } from "./dependencies.ts";

type Facts = Omit<AuditFacts, "type" | "decision">;

/**
 * What the audit record of a redemption says, from as much as had been established when it ended. Reads nothing
 * unverified: before the signature there is no `idJag`, and the issuer named is the one in our own record.
 */
export function auditFacts(known: Partial<Decided>): Facts {
  return { ...partyFacts(known), ...revisionFacts(known), ...assertionFacts(known), ...decisionFacts(known) };
}

function partyFacts(known: Partial<Decided>): Facts {
  const { client, idp, idJag } = known;
  // What `tenant` says is recorded, and what follows from it, once it is verified: or an authenticated client could
  // file a forgery under any organization that shares the issuer.
  const isVerified = idJag !== undefined;
  return {
    client_id: client?.client_id ?? null,
    issuer: idp?.issuer ?? null,
    tenant: isVerified ? (known.idpTenant ?? null) : null,
    organization: (isVerified ? known.organization : idp?.organization) ?? null,
    ...personFacts(known),
  };
}

function personFacts({ idJag, subject }: Partial<Decided>): Facts {
  return {
    subject: idJag?.sub ?? null,
    principal: subject?.principal ?? null,
    account: subject?.account ?? null,
    actor: idJag?.actor?.sub ?? null,
  };
}

/** Which text of each document the decision rested on. */
function revisionFacts(known: Partial<Decided>): Facts {
  return {
    client_revision: known.clientRevision ?? null,
    idp_revision: known.idpRevision ?? null,
    resource_revision: known.resourceRevision ?? null,
    policy_revision: known.policyRevision ?? null,
  };
}

function assertionFacts({ idJag, idp, signingKeyId, requestedScope, resource }: Partial<Decided>): Facts {
  const asserted = idJag?.assertedScope ?? null;
  return {
    assertion_hash: idJag?.hash ?? null,
    assertion_use: idJag === undefined ? null : (idp?.assertion_use ?? null),
    key_id: signingKeyId ?? null,
    // What was asked for is input until it has been found to be a scope that exists.
    scope_requested: resource === undefined ? null : knownTokens(requestedScope ?? null, Object.keys(resource.scopes)),
    scope_asserted: asserted === null ? null : formatScope(asserted),
    resource: resource?.resource ?? null,
  };
}

/** Names only scopes that the resource defines; anything else could be any text at all. */
function knownTokens(requested: string | null, defined: readonly string[]): string | null {
  if (requested === null) return null;
  const asked = parseScope(requested) ?? new Set([requested]);
  const unknown = [...asked].some((token) => !defined.includes(token));
  return [...defined.filter((token) => asked.has(token)), ...(unknown ? ["(other)"] : [])].join(" ");
}

function decisionFacts({ grantedScope, grantedDetails, policyRules, judged, contents }: Partial<Decided>): Facts {
  return {
    scope_granted: grantedScope === undefined ? null : formatScope(grantedScope),
    authorization_details_types: [...typesOf(grantedDetails ?? [])].toSorted(),
    authorization_details_hash: contents?.authorizationDetailsHash ?? null,
    policy_rules: [...(policyRules ?? [])],
    judged: judged ?? null,
    token_id: contents?.tokenId ?? null,
    token_expires_at: contents?.expiresAtSeconds ?? null,
    bound_to_key: contents === undefined ? null : contents.confirmedKey !== null,
  };
}

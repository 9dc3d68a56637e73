import type { DpopProof } from "../../dpop/proof.ts";
import { nameableResources } from "../../policy/decide.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { IdJag, Presented } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "client" | "requestedResource"> & {
  readonly idJag: IdJag;
  readonly organization: string;
  readonly proof: DpopProof | null;
};
type Uses = Pick<Dependencies, "findResource" | "findPolicy">;

interface Gives {
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
}

/**
 * RFC 8707, EMA §5.1 and §7.6.2: one resource, governed by us, that the assertion, the request and the client's
 * registration all allow. A foreign one is refused and never dropped; two are refused, since every scope would have to
 * mean the same at both.
 */
export async function resource(known: Needs, uses: Uses): Promise<Gives> {
  for (const asserted of known.idJag.assertedResources ?? []) {
    // oxlint-disable-next-line no-await-in-loop -- at most a handful, nearly always one and cached
    if ((await findGoverned(asserted, uses)) === null) throw new Rejected("resource_foreign");
  }
  const identifier = await choose(known, uses);
  const found = await findGoverned(identifier, uses);
  if (found === null) throw new Rejected("resource_unknown");
  if (!known.client.resources.includes(identifier)) throw new Rejected("resource_not_for_client");
  // ID-JAG §9.8.1.2.4: neither bound nor proved, at a server that takes bound tokens only.
  if (found.resource.dpop_required && known.proof === null) throw new Rejected("proof_missing");
  return found;
}

async function findGoverned(identifier: string, { findResource }: Uses): Promise<Gives | null> {
  const found = await findResource(identifier);
  if (found === null || !found.document.enabled) return null;
  return { resource: found.document, resourceRevision: found.revision };
}

async function choose({ idJag, requestedResource, client, organization }: Needs, uses: Uses): Promise<string> {
  const asserted = idJag.assertedResources === null ? null : new Set(idJag.assertedResources);
  if (requestedResource !== null) {
    if (asserted !== null && !asserted.has(requestedResource)) throw new Rejected("resource_unknown");
    return requestedResource;
  }
  return theOnly(asserted ?? (await possible(client.resources, organization, uses, client.client_id)));
}

function theOnly(identifiers: ReadonlySet<string>): string {
  const [only, ...others] = identifiers;
  if (only === undefined || others.length > 0) throw new Rejected("resource_required");
  return only;
}

async function possible(
  registered: readonly string[],
  organization: string,
  { findPolicy }: Uses,
  clientId: string,
): Promise<ReadonlySet<string>> {
  const policy = await findPolicy(organization);
  if (policy === null) throw new Rejected("policy_absent");
  const nameable = nameableResources(policy.document, clientId);
  return new Set(registered.filter((identifier) => nameable.has(identifier)));
}

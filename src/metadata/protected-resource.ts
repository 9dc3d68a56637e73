import { ALGORITHMS } from "../jwt/json-web-key.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** RFC 9728 §3.1: the well-known part goes between host and path. */
export function protectedResourceMetadataUrl(identifier: string): string {
  const { origin, pathname } = new URL(identifier);
  return `${origin}${WELL_KNOWN}${pathname === "/" ? "" : pathname}`;
}

/** @returns the resource whose metadata this path asks for, as the URL that clients use; null for other paths. */
export function resourceOfMetadataPath(origin: string, pathname: string): string | null {
  if (pathname === WELL_KNOWN) return origin;
  return pathname.startsWith(`${WELL_KNOWN}/`) ? `${origin}${pathname.slice(WELL_KNOWN.length)}` : null;
}

/** RFC 9728 §2. `resource` is byte for byte the URL that clients use, or they must not use the document (§3.3). */
export function protectedResourceMetadata(resource: ProtectedResource, issuer: string): Record<string, unknown> {
  return {
    resource: resource.resource,
    // Ours first: who speaks Cross App Access has it, and needs none of the others.
    authorization_servers: [issuer, ...Object.keys(resource.provider_tokens).filter((other) => other !== issuer)],
    scopes_supported: challengeScopes(resource),
    ...detailsTypes(resource),
    bearer_methods_supported: ["header"],
    resource_name: resource.name,
    dpop_signing_alg_values_supported: [...ALGORITHMS],
    dpop_bound_access_tokens_required: resource.dpop_required,
  };
}

/** RFC 9396 §10, by way of RFC 9728 §2: exactly what is understood here. */
function detailsTypes({ authorization_details_types: types }: ProtectedResource): Record<string, unknown> {
  const names = Object.keys(types).toSorted();
  return names.length === 0 ? {} : { authorization_details_types_supported: names };
}

/** What a client should ask for at first: as little as the server's owner says, not the whole catalogue. */
export function challengeScopes(resource: ProtectedResource): readonly string[] {
  return resource.challenge_scopes ?? Object.keys(resource.scopes).toSorted();
}

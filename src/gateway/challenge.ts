import { ALGORITHMS } from "../jwt/json-web-key.ts";
import { challengeScopes, protectedResourceMetadataUrl } from "../metadata/protected-resource.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";

interface Challenge {
  readonly error: string | null;
  /** Empty: what the server's owner wants a client to ask for at first. */
  readonly scopes: readonly string[];
}

/**
 * RFC 6750 §3, RFC 9728 §5.1: what to present and where to learn how to get it. Every value comes from our own records,
 * whose grammar leaves no quote to break out of.
 */
export function challenge(resource: ProtectedResource, { error, scopes }: Challenge): string {
  const parameters = [
    ...(error === null ? [] : [`error="${error}"`]),
    ...(resource.dpop_required ? [`algs="${ALGORITHMS.join(" ")}"`] : []),
    `scope="${(scopes.length > 0 ? scopes : challengeScopes(resource)).join(" ")}"`,
    `resource_metadata="${protectedResourceMetadataUrl(resource.resource)}"`,
  ];
  return `${resource.dpop_required ? "DPoP" : "Bearer"} ${parameters.join(", ")}`;
}

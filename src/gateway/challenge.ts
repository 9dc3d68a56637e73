import { ALGORITHMS } from "../jwt/json-web-key.ts";
import { challengeScopes, protectedResourceMetadataUrl } from "../metadata/protected-resource.ts";
import type { StepUp } from "../policy/decide.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";

interface Challenge {
  /** The scheme in which to come back: a bound token is never welcome as a bearer token (RFC 9449 §7.1). */
  readonly scheme: "Bearer" | "DPoP";
  readonly error: string | null;
  /** Empty: what the server's owner wants a client to ask for at first. */
  readonly scopes: readonly string[];
  /** RFC 9470 §3. */
  readonly stepUp: StepUp | null;
}

/**
 * RFC 6750 §3, RFC 9728 §5.1: what to present and where to learn how to get it. Every value comes from our own records,
 * whose grammar leaves no quote to break out of.
 */
export function challenge(resource: ProtectedResource, { scheme, error, scopes, stepUp }: Challenge): string {
  const parameters = [
    ...(error === null ? [] : [`error="${error}"`]),
    ...(scheme === "DPoP" ? [`algs="${ALGORITHMS.join(" ")}"`] : []),
    ...(stepUp === null ? [] : stepUpParameters(stepUp)),
    `scope="${(scopes.length > 0 ? scopes : challengeScopes(resource)).join(" ")}"`,
    `resource_metadata="${protectedResourceMetadataUrl(resource.resource)}"`,
  ];
  return `${scheme} ${parameters.join(", ")}`;
}

function stepUpParameters({ acrValues, maximumAgeSeconds }: StepUp): string[] {
  return [
    ...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(" ")}"`]),
    ...(maximumAgeSeconds === null ? [] : [`max_age="${maximumAgeSeconds}"`]),
  ];
}

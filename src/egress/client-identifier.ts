import { isLoopbackHttp } from "./url-policy.ts";
import { LIMITS } from "../limits.ts";

/** `https://host/path/*`: the name of a record that admits every metadata document below a path, and no client's id. */
const PATTERN_END = "/*";
const HOST = /^(?:[a-z0-9.-]+|\[::1\])$/;
const SEGMENT = /^[A-Za-z0-9._~!$'()+,=:@-]+$/;

/**
 * Whether a client identifier can be the URL of a Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document
 * §3), in the one spelling that a URL parser leaves alone. Stricter than the draft about what web servers read in two
 * ways (queries, percent-encoding, `;`, empty segments): or `/ours/..%2ftheirs/x` would pass for one of ours.
 */
export function isMetadataDocumentUrl(clientId: string): boolean {
  if (clientId.length > LIMITS.identifierBytes || !URL.canParse(clientId)) return false;
  const url = new URL(clientId);
  if ((url.protocol !== "https:" && !isLoopbackHttp(url)) || !HOST.test(url.hostname)) return false;
  if (url.href !== clientId || url.username !== "" || url.password !== "" || /[?#]/.test(clientId)) return false;
  const segments = url.pathname.slice(1).split("/");
  return segments.every((segment, at) => SEGMENT.test(segment) || (segment === "" && at === segments.length - 1));
}

export function isClientPattern(clientId: string): boolean {
  return clientId.endsWith(PATTERN_END);
}

/** @returns whether this may name a record: a pattern reaches no deeper than we would ever look for it. */
export function isWellFormedPattern(pattern: string): boolean {
  const folder = pattern.slice(0, -1);
  return isClientPattern(pattern) && isMetadataDocumentUrl(folder) && depthOf(folder) <= LIMITS.clientPatternDepth;
}

/**
 * The patterns that could admit this identifier, the longest first: so a record of one path stands before one of the
 * whole host, and so few that anybody may have us look for them all.
 */
export function patternsFor(clientId: string): readonly string[] {
  if (!isMetadataDocumentUrl(clientId)) return [];
  const { origin, pathname } = new URL(clientId);
  const folders = pathname.slice(1).split("/").slice(0, -1);
  const deepest = Math.min(folders.length, LIMITS.clientPatternDepth);
  return Array.from({ length: deepest + 1 }, (_, at) => {
    const path = folders.slice(0, deepest - at).map((folder) => `/${folder}`);
    return `${origin}${path.join("")}${PATTERN_END}`;
  });
}

function depthOf(folder: string): number {
  return new URL(folder).pathname.split("/").length - 2;
}

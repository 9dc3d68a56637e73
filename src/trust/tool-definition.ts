import { encodeBase64url } from "../jwt/base64url.ts";
import { spellCanonically } from "../jwt/canonical-json.ts";
import { parseLossless } from "../jwt/lossless-json.ts";
import { type JsonObject, requireUnambiguous } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";

/**
 * What an agent is told about a tool, and so what people approve. Icons, `execution` and `_meta` are for the client
 * program; any other member is nobody's.
 */
const PINNED_MEMBERS = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;
const UNPINNED_MEMBERS = ["icons", "execution", "_meta"] as const;

const LIST_BOUNDS = {
  depth: LIMITS.messageDepth,
  members: LIMITS.listMembers,
  foldCaseDepth: 0,
  takesAnyNumber: true,
};

const encoder = new TextEncoder();

/** @returns the members of a definition that its fingerprint is over, those that it has. */
export function pinnedMembersOf(definition: JsonObject): JsonObject {
  return pick(definition, PINNED_MEMBERS);
}

/** @returns a definition without what no approval could have been about. */
export function knownMembersOf(definition: JsonObject): JsonObject {
  return pick(definition, [...PINNED_MEMBERS, ...UNPINNED_MEMBERS]);
}

function pick(definition: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(definition).filter(([name]) => members.includes(name)));
}

/** SHA-256 over the canonical JSON (RFC 8785) of what is pinned: the order of members, or 1 for 1.0, is no change. */
export async function fingerprintTool(definition: JsonObject): Promise<string> {
  const spelled = encoder.encode(spellCanonically(pinnedMembersOf(definition)));
  return `sha256:${encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", spelled)))}`;
}

/** A list whose definitions will be compared: two readings of one are none. @throws AmbiguousJson, SyntaxError */
export function parseDefinitions(text: string): unknown {
  requireUnambiguous(text, LIST_BOUNDS);
  return parseLossless(text);
}

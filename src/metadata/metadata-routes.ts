import { respondJson } from "../http/respond.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { authorizationServerMetadata } from "./authorization-server.ts";
import { protectedResourceMetadata, resourceOfMetadataPath } from "./protected-resource.ts";

/** Short: a rotated key or a new server is seen within minutes. Any origin may read what anyone may fetch. */
const PUBLIC = { "cache-control": "public, max-age=300", "access-control-allow-origin": "*" } as const;

interface MetadataDependencies {
  readonly issuer: string;
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  /** The only MCP server at this origin, when there is just one; null otherwise. */
  readonly findOnlyResource: (origin: string) => Promise<Revised<ProtectedResource> | null>;
}

export function respondAuthorizationServerMetadata(issuer: string): Response {
  return respondJson(200, authorizationServerMetadata(issuer), PUBLIC);
}

/** What an auditor checks an archive against: the same for every asker, and no newer for being asked more often. */
export function respondEvidence(evidence: object): Response {
  return respondJson(200, evidence, PUBLIC);
}

export function respondKeySet(published: unknown): Response {
  return respondJson(200, published, { ...PUBLIC, "content-type": "application/jwk-set+json" });
}

/**
 * RFC 9728 at the path form, and at the root form where that names no wrong server: for the server that is the origin
 * itself, or the only one there (MCP clients fall back to it).
 */
export async function respondProtectedResourceMetadata(
  request: Request,
  uses: MetadataDependencies,
): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  const identifier = resourceOfMetadataPath(origin, pathname);
  const found = identifier === null ? null : await find(identifier, origin, uses);
  if (found === null || !found.document.enabled) return respondJson(404, { error: "not_found" });
  return respondJson(200, protectedResourceMetadata(found.document, uses.issuer), PUBLIC);
}

async function find(
  identifier: string,
  origin: string,
  uses: MetadataDependencies,
): Promise<Revised<ProtectedResource> | null> {
  const exact = await uses.findResource(identifier);
  if (exact !== null || identifier !== origin) return exact;
  return (await uses.findResource(`${origin}/`)) ?? (await uses.findOnlyResource(origin));
}

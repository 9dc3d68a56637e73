import type { JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { Revised } from "../../trust/trust-store.ts";
import { SESSION_VERSION, SESSION_VERSIONS, STATELESS_VERSION } from "../revisions.ts";

/** Whatever its members can do beside: of a virtual server there are tools alone. */
const CAPABILITIES: JsonObject = { tools: { listChanged: true } };

/** `initialize` (MCP 2025-11-25, lifecycle): the revision that was asked for, or else the one that we would rather speak. */
export function initializeResult(server: Revised<ProtectedResource>, { protocolVersion }: JsonObject): JsonObject {
  const version = SESSION_VERSIONS.find((known) => known === protocolVersion) ?? SESSION_VERSION;
  return { protocolVersion: version, capabilities: CAPABILITIES, serverInfo: serverInfo(server) };
}

/** `server/discover` (MCP 2026-07-28). */
export function discoverResult(server: Revised<ProtectedResource>): JsonObject {
  return {
    resultType: "complete",
    supportedVersions: [STATELESS_VERSION],
    capabilities: CAPABILITIES,
    _meta: { "io.modelcontextprotocol/serverInfo": serverInfo(server) },
    ttlMs: LIMITS.listFreshMilliseconds,
    cacheScope: "private",
  };
}

function serverInfo({ document, revision }: Revised<ProtectedResource>): JsonObject {
  return { name: document.name, version: revision };
}

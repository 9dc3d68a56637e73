import type { ProtectedResource } from "../trust/protected-resource.ts";
import { CallRefused } from "./refusal.ts";

const ALLOWED_HEADERS =
  "authorization, content-type, accept, dpop, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id";

/**
 * MCP streamable HTTP, DNS rebinding: a request that names an origin comes from a browser, and only origins on the
 * server's list may. @returns the origin to answer to, or null for a caller that is no browser. @throws CallRefused
 */
export function requireAllowedOrigin(request: Request, resource: ProtectedResource): string | null {
  const origin = request.headers.get("origin");
  if (origin !== null && !resource.allowed_origins.includes(origin)) throw new CallRefused("origin_not_allowed");
  return origin;
}

/** Never with credentials: what authorizes a call is a token, not a cookie. */
export function allowOrigin(headers: Headers, origin: string | null): void {
  headers.append("vary", "origin");
  if (origin === null) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", "www-authenticate, mcp-session-id, mcp-protocol-version, dpop-nonce");
}

export function respondPreflight(origin: string): Response {
  const headers = new Headers({
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": "600",
  });
  allowOrigin(headers, origin);
  return new Response(null, { status: 204, headers });
}

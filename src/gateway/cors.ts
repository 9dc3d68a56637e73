import type { ProtectedResource } from "../trust/protected-resource.ts";
import { isForwardedParameter } from "./forward.ts";
import { CallRefused } from "./refusal.ts";

const ALLOWED_HEADERS = [
  "authorization",
  "content-type",
  "accept",
  "dpop",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
];
const EXPOSED_HEADERS = [
  "www-authenticate",
  "mcp-session-id",
  "mcp-protocol-version",
  "dpop-nonce",
  "retry-after",
  "crossgate-correlation-id",
];

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
  headers.set("access-control-expose-headers", EXPOSED_HEADERS.join(", "));
}

/** An origin on the list is told what it may send; `allowOrigin` says to whom. */
export function respondPreflight(request: Request): Response {
  const headers = new Headers({
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": [...ALLOWED_HEADERS, ...requestedParameters(request)].join(", "),
    "access-control-max-age": "600",
  });
  return new Response(null, { status: 204, headers });
}

/** A tool's own headers (MCP 2026-07-28, x-mcp-header) are not ours to list; a wildcard would not cover Authorization. */
function requestedParameters(request: Request): string[] {
  const requested = request.headers.get("access-control-request-headers") ?? "";
  return requested
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter(isForwardedParameter);
}

import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** RFC 9110 §5.1, without what servers read in two ways: an underscore or a dot in a name is how headers get smuggled. */
const SPELLING = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

/**
 * What the call itself, the connection, Cloudflare or a proxy on the way says: a credential there would speak for one of
 * them, or be dropped. `dpop` and `cookie` are what a caller's credential looks like.
 */
const TAKEN = new Set([
  "age",
  "allow",
  "cache-control",
  "connection",
  "cookie",
  "date",
  "dpop",
  "early-data",
  "expect",
  "forwarded",
  "from",
  "host",
  "http2-settings",
  "keep-alive",
  "last-event-id",
  "location",
  "max-forwards",
  "origin",
  "pragma",
  "priority",
  "range",
  "referer",
  "set-cookie",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "vary",
  "via",
]);
const TAKEN_PREFIXES = [
  "accept",
  "access-control-",
  "cdn-",
  "cf-",
  "content-",
  "if-",
  "mcp-",
  "proxy-",
  "sec-",
  "x-forwarded-",
  "x-http-method",
  "x-method-override",
  "x-original-",
  "x-real-",
  "x-rewrite-",
];

/** @returns whether a document may have us set this header in a request to an MCP server. */
export function maySetHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return SPELLING.test(name) && !TAKEN.has(lower) && !TAKEN_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

export const headerNameSchema = z
  .string()
  .min(1)
  .max(LIMITS.headerNameBytes)
  .refine(
    maySetHeader,
    "no header that a document may set: letters, digits and dashes, and not one that HTTP or MCP uses",
  );

import { isTraceParent, isTraceState } from "../http/trace.ts";
import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";

/**
 * Of `_meta`, what names one try of a call and nothing that it does: MCP's progress token, W3C Trace Context. Of another
 * shape it is none of these, and may say anything.
 */
const OF_ONE_TRY: ReadonlyMap<string, (value: Json | undefined) => boolean> = new Map([
  ["progressToken", isToken],
  ["traceparent", (value) => typeof value === "string" && isTraceParent(value)],
  ["tracestate", (value) => typeof value === "string" && isTraceState(value)],
]);

/** @returns `_meta` without what changes from try to try; null where nothing is left, or it is no object. */
export function lastingMeta(meta: Json | undefined): JsonObject | null {
  if (!isObject(meta)) return null;
  const lasting = Object.entries(meta).filter(([name, value]) => OF_ONE_TRY.get(name)?.(value) !== true);
  return lasting.length === 0 ? null : Object.fromEntries(lasting);
}

/** What a handle may be in JSON-RPC and MCP. */
export function isToken(value: Json | undefined): boolean {
  return typeof value === "string" || typeof value === "number";
}

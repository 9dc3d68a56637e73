import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";

/** Of `_meta`, what names one try of a call and nothing that it does: MCP's progress token, W3C Trace Context. */
const OF_ONE_TRY: ReadonlySet<string> = new Set(["progressToken", "traceparent", "tracestate"]);

/** @returns `_meta` without what changes from try to try; null where nothing is left, or it is no object. */
export function lastingMeta(meta: Json | undefined): JsonObject | null {
  if (!isObject(meta)) return null;
  const lasting = Object.entries(meta).filter(([name]) => !OF_ONE_TRY.has(name));
  return lasting.length === 0 ? null : Object.fromEntries(lasting);
}

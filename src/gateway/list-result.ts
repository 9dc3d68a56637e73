import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Operation } from "../policy/operation.ts";
import { type Caller, isShown } from "./authorization.ts";

/** A list in a result: its member, and what an item of it is asked for by. */
interface ListedItems {
  readonly member: string;
  readonly method: string;
  readonly kind: Operation["kind"];
  readonly nameMember: string;
}

const LISTS: readonly ListedItems[] = [
  { member: "tools", method: "tools/call", kind: "tool", nameMember: "name" },
  { member: "prompts", method: "prompts/get", kind: "prompt", nameMember: "name" },
  { member: "resources", method: "resources/read", kind: "resource", nameMember: "uri" },
  { member: "resourceTemplates", method: "resources/read", kind: "resource", nameMember: "uriTemplate" },
];

/**
 * A server's message with what the caller may not use left out: order and paging as they are, and nothing said to be
 * for everybody any more (MCP 2026-07-28, caching). A message without a list is returned as it is.
 * @returns null for a list that cannot be read
 */
export function filterMessage(message: unknown, caller: Caller): unknown {
  if (!isObject(message)) return null;
  const { result } = message;
  if (!isObject(result)) return message;
  const filtered = filterResult(result, caller);
  return filtered === null ? null : { ...message, result: filtered };
}

function filterResult(result: JsonObject, caller: Caller): JsonObject | null {
  let filtered = result;
  for (const list of LISTS) {
    const items = result[list.member];
    if (items === undefined) continue;
    if (!Array.isArray(items)) return null;
    filtered = { ...filtered, [list.member]: items.filter((item) => isItemShown(item, list, caller)) };
  }
  return forThisCallerAlone(filtered);
}

function isItemShown(item: unknown, { method, kind, nameMember }: ListedItems, caller: Caller): boolean {
  const name = isObject(item) ? item[nameMember] : undefined;
  return typeof name === "string" && isShown(caller, { method, kind, name, arguments: null });
}

/** What is left depends on who asks, and for how long on how soon a changed policy shall show. */
function forThisCallerAlone(result: JsonObject): JsonObject {
  const { cacheScope, ttlMs } = result;
  if (cacheScope === undefined && ttlMs === undefined) return result;
  return {
    ...result,
    ...(cacheScope === undefined ? {} : { cacheScope: "private" }),
    ...(ttlMs === undefined
      ? {}
      : { ttlMs: Math.min(Number(JSON.stringify(ttlMs)), LIMITS.listFreshMilliseconds) || 0 }),
  };
}

import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Operation } from "../policy/operation.ts";
import { type Caller, showsTo } from "./authorization.ts";
import { offerPermitted } from "./capabilities.ts";

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
 * @returns null for a list that cannot be read, or has more items than are judged at once
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
    if (!Array.isArray(items) || items.length > LIMITS.listItems) return null;
    filtered = { ...filtered, [list.member]: filterItems(items, list, caller) };
  }
  return forThisCallerAlone(offerPermitted(filtered, caller));
}

/** Each name is judged once, however often it comes. */
function filterItems(items: readonly Json[], list: ListedItems, caller: Caller): readonly Json[] {
  const { method, kind } = list;
  const isShown = showsTo(caller);
  const names = new Set(items.map((item) => nameOf(item, list)));
  const shown = new Set([...names].filter((name) => name !== null && isShown({ method, kind, name, arguments: null })));
  return items.filter((item) => shown.has(nameOf(item, list)));
}

function nameOf(item: unknown, { nameMember }: ListedItems): string | null {
  const name = isObject(item) ? item[nameMember] : undefined;
  return typeof name === "string" ? name : null;
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

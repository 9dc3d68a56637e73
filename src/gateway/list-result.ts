import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Operation } from "../policy/operation.ts";
import type { ToolFacts } from "../policy/tool-annotations.ts";
import { type Caller, showsTo } from "./authorization.ts";
import { offerPermitted } from "./capabilities.ts";
import { isAnswerSpelledExactly, isSpelledExactly, spellingsOf } from "./spelling.ts";
import type { ToolGate } from "./tool-gate.ts";

/** A list in a result: its member, and what an item of it is asked for by. */
interface ListedItems {
  readonly member: string;
  readonly method: string;
  readonly kind: Operation["kind"];
  readonly nameMember: string;
}

/**
 * For whom a message is: what policy permits them, and what is known of the tools in their place. A stream outlives both,
 * and is given what is in force since.
 */
export interface Viewer {
  caller: Caller;
  /** null where definitions are of no concern. */
  tools: ToolGate | null;
  readonly upstreamSessionId: string | null;
}

const LISTS: readonly ListedItems[] = [
  { member: "tools", method: "tools/call", kind: "tool", nameMember: "name" },
  { member: "prompts", method: "prompts/get", kind: "prompt", nameMember: "name" },
  { member: "resources", method: "resources/read", kind: "resource", nameMember: "uri" },
  { member: "resourceTemplates", method: "resources/read", kind: "resource", nameMember: "uriTemplate" },
];

const ITEM = spellingsOf(LISTS.map(({ nameMember }) => nameMember));

/**
 * A server's message with what the caller may not use left out: order and paging as they are, and nothing said to be
 * for everybody any more (MCP 2026-07-28, caching). A message without a list is returned as it is.
 * @returns null for a list that cannot be read, or has more items than are judged at once
 */
export async function filterMessage(message: unknown, viewer: Viewer): Promise<unknown> {
  if (!isObject(message) || !isAnswerSpelledExactly(message)) return null;
  const { result } = message;
  if (!isObject(result)) return message;
  const filtered = await filterResult(result, viewer);
  return filtered === null ? null : { ...message, result: filtered };
}

async function filterResult(result: JsonObject, viewer: Viewer): Promise<JsonObject | null> {
  let filtered = result;
  for (const list of LISTS) {
    const items = result[list.member];
    if (items === undefined) continue;
    if (!Array.isArray(items) || items.length > LIMITS.listItems) return null;
    // oxlint-disable-next-line no-await-in-loop -- there are four
    filtered = { ...filtered, [list.member]: await filterItems(items, list, viewer) };
  }
  return forThisCallerAlone(offerPermitted(filtered, viewer.caller));
}

async function filterItems(given: readonly Json[], list: ListedItems, viewer: Viewer): Promise<readonly Json[]> {
  if (list.kind !== "tool" || viewer.tools === null) return showItems(given, list, viewer);
  const judged = await viewer.tools.judge(given, viewer.upstreamSessionId);
  const facts = new Map(judged.map((tool) => [nameOf(tool.item, list), tool.facts]));
  const items = judged.filter(({ isHeldBack }) => !isHeldBack).map(({ item }) => item);
  return showItems(items, list, viewer, (name) => facts.get(name));
}

/** Each name is judged once, however often it comes. */
function showItems(
  items: readonly Json[],
  list: ListedItems,
  { caller }: Viewer,
  factsOf: (name: string) => ToolFacts | undefined = () => undefined,
): readonly Json[] {
  const { method, kind } = list;
  const isShown = showsTo(caller);
  const judge = (name: string): boolean => {
    const tool = factsOf(name);
    return isShown({ method, kind, name, arguments: null, ...(tool === undefined ? {} : { tool }) });
  };
  const names = new Set(items.map((item) => nameOf(item, list)));
  const shown = new Set([...names].filter((name) => name !== null && judge(name)));
  return items.filter((item) => shown.has(nameOf(item, list)));
}

function nameOf(item: unknown, { nameMember }: ListedItems): string | null {
  // "Name" beside "name" is the name to a client that folds case.
  const name = isObject(item) && isSpelledExactly(item, ITEM) ? item[nameMember] : undefined;
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

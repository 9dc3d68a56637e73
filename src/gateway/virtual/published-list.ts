import { isObject, type Json, type JsonObject } from "../../jwt/strict-json.ts";
import type { ToolFacts } from "../../policy/tool-annotations.ts";
import { pinnedMembersOf } from "../../trust/tool-definition.ts";
import type { PublishedTool, PublishedTools } from "../../trust/virtual-server.ts";
import { hasFitHeaders } from "../mirrored-arguments.ts";

/** A tool as its member defines it now; facts where policy or the member's document asks for any. */
export interface MemberTool {
  readonly item: JsonObject;
  readonly facts: ToolFacts | undefined;
}

/** By the member's identifier and the tool's name there. */
export type MemberTools = ReadonlyMap<string, ReadonlyMap<string, MemberTool>>;

/** A published tool, as it is shown and as it is judged. */
export interface ListedTool {
  readonly name: string;
  readonly item: JsonObject;
  readonly facts: ToolFacts | undefined;
}

/**
 * The tools of a document that its members have, in the document's order. Their words, but for those that the document
 * puts in their place; and no member that leads elsewhere, such as `_meta` with its resources, or `execution` with its tasks.
 * To the members we are a client, which drops a tool that declares headers as it must not.
 */
export function publishTools({ tools }: PublishedTools, found: MemberTools): readonly ListedTool[] {
  return Object.entries(tools).flatMap(([name, published]) => {
    const tool = found.get(published.server)?.get(published.tool);
    if (tool === undefined || !hasFitHeaders(tool.item["inputSchema"])) return [];
    return [{ name, item: publish(tool.item, name, published), facts: tool.facts }];
  });
}

function publish(item: JsonObject, name: string, { title, description }: PublishedTool): JsonObject {
  return {
    ...pinnedMembersOf(item),
    ...(isObject(item["annotations"]) ? { annotations: annotationsOf(item["annotations"], title) } : {}),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    name,
  };
}

/** A title there is shown by some programs, and would be another one. */
function annotationsOf(annotations: JsonObject, title: string | undefined): JsonObject {
  const { title: _title, ...others } = annotations;
  return title === undefined ? annotations : others;
}

/** By name; one that comes twice is none, since nobody knows which of the two is called. */
export function uniqueTools(items: readonly Json[]): ReadonlyMap<string, JsonObject> {
  const named = new Map<string, JsonObject>();
  const repeated = new Set<string>();
  for (const item of items) {
    const name = nameOf(item);
    if (name === null || !isObject(item)) continue;
    if (named.has(name)) repeated.add(name);
    named.set(name, item);
  }
  for (const name of repeated) named.delete(name);
  return named;
}

export function nameOf(item: Json): string | null {
  const name = isObject(item) ? item["name"] : undefined;
  return typeof name === "string" ? name : null;
}

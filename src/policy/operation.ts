import type { JsonObject } from "../jwt/strict-json.ts";
import type { ToolFacts } from "./tool-annotations.ts";

/** One thing that a caller asks an MCP server to do, as policy sees it. */
export interface Operation {
  /** JSON-RPC method. */
  readonly method: string;
  /** What is named; null where the method names none of these. */
  readonly kind: OperationKind | null;
  readonly name: string | null;
  /** null: not yet known, because what is asked is whether to show the tool at all. */
  readonly arguments: JsonObject | null;
  /**
   * What the tool says of itself, for rules that ask. To be learned: whether it is worth finding out is what is asked,
   * and a rule about it is taken the way that says yes. Absent: nobody has looked, and such a rule fails.
   */
  readonly tool?: ToolFacts | "to_be_learned";
}

export type OperationKind = "tool" | "prompt" | "resource";

const KINDS: ReadonlyMap<string, OperationKind> = new Map([
  ["tools/call", "tool"],
  ["prompts/get", "prompt"],
  ["resources/read", "resource"],
  ["resources/subscribe", "resource"],
  ["resources/unsubscribe", "resource"],
]);

/** @returns what a method's target is a name of. */
export function kindOf(method: string): OperationKind | null {
  return KINDS.get(method) ?? null;
}

const LISTED: ReadonlyMap<string, OperationKind> = new Map([
  ["tools/list", "tool"],
  ["prompts/list", "prompt"],
  ["resources/list", "resource"],
  ["resources/templates/list", "resource"],
]);

/** @returns what a method lists. */
export function listedBy(method: string): OperationKind | null {
  return LISTED.get(method) ?? null;
}

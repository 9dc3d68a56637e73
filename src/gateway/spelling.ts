import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";

/** As Go's encoding/json folds: up and down again takes "ſ" to "s" and "K" (Kelvin) to "k", which going down alone does not. */
export function foldCase(member: string): string {
  return member.toUpperCase().toLowerCase();
}

/** Names by their folded spelling. */
export function spellingsOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [foldCase(name), name]));
}

/** A lone "Name" or "argumentſ" is a member we know to a reader that folds case, and to us it is none. */
export function isSpelledExactly(object: JsonObject, known: ReadonlyMap<string, string>): boolean {
  return Object.keys(object).every((member) => (known.get(foldCase(member)) ?? member) === member);
}

const ENVELOPE = spellingsOf(["jsonrpc", "id", "method", "params", "result", "error"]);
/** What is looked for in a result: lists, what a call brings, and handles. */
const RESULT = spellingsOf([
  "tools",
  "prompts",
  "resources",
  "resourceTemplates",
  "capabilities",
  "content",
  "contents",
  "messages",
  "structuredContent",
  "inputRequests",
  "requestState",
  "nextCursor",
]);

/** Else a client that folds case would be shown what nobody has looked at here. */
export function isAnswerSpelledExactly(message: JsonObject): boolean {
  const { result, params } = message;
  const isExact = (holder: Json | undefined): boolean => !isObject(holder) || isSpelledExactly(holder, RESULT);
  return isSpelledExactly(message, ENVELOPE) && isExact(result) && isExact(params);
}

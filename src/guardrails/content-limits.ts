import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { compileGlobs } from "../policy/glob.ts";
import type { Guardrail } from "../trust/guardrail.ts";

type Content = Extract<Guardrail, { type: "content" }>;

/** @returns how many parts of a result are of a kind that callers are not to get. */
export function countForeignContent(message: JsonObject, { types, media_types: mediaTypes }: Content): number {
  const isMediaType = mediaTypes === undefined ? () => true : compileGlobs(mediaTypes);
  const isForeign = (part: JsonObject): boolean => {
    const { type, mimeType } = part;
    const isOtherType = types !== undefined && typeof type === "string" && !types.includes(type);
    const isOtherMedia =
      typeof mimeType === "string" && !isMediaType(mimeType.toLowerCase().split(";")[0]?.trim() ?? "");
    return isOtherType || isOtherMedia;
  };
  return partsOf(message["result"]).filter((part) => isForeign(part)).length;
}

/** Of a call, a prompt, or a resource that was read; and what is embedded in one of them. */
function partsOf(result: Json | undefined): readonly JsonObject[] {
  if (!isObject(result)) return [];
  const { content, contents, messages } = result;
  const ofMessages = listOf(messages).flatMap((message) => [message["content"]].flat());
  const parts = [...listOf(content), ...listOf(contents), ...listOf(ofMessages as readonly Json[])];
  return parts.flatMap((part) => (isObject(part["resource"]) ? [part, part["resource"]] : [part]));
}

function listOf(value: Json | undefined | readonly Json[]): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item: Json): item is JsonObject => isObject(item)) : [];
}

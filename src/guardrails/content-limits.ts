import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { compileGlobs } from "../policy/glob.ts";
import type { Guardrail } from "../trust/guardrail.ts";

type Content = Extract<Guardrail, { type: "content" }>;

/** By which a limit names what a result says in `structuredContent`. */
const STRUCTURED = { type: "structured", mimeType: "application/json" } as const;

interface Part {
  readonly part: Json;
  /** What is read of a resource has no type; all else has one, or is of none that anybody listed. */
  readonly isTyped: boolean;
}

/** @returns how many parts of a message are of a kind that callers are not to get; what does not say its kind is of none. */
export function countForeignContent(message: JsonObject, limits: Content): number {
  const isMediaType = limits.media_types === undefined ? () => true : compileGlobs(limits.media_types);
  return partsOf(message).filter(({ part, isTyped }) => {
    if (!isObject(part)) return true;
    const isOtherType = isTyped && limits.types !== undefined && !isListed(part["type"], limits.types);
    return isOtherType || !isMedium(part, isMediaType);
  }).length;
}

function isListed(type: Json | undefined, types: readonly string[]): boolean {
  return typeof type === "string" && types.includes(type);
}

/** A text is one without saying so; bytes are of no kind unless they do. */
function isMedium(part: JsonObject, isMediaType: (mediaType: string) => boolean): boolean {
  const { mimeType, data, blob } = part;
  if (typeof mimeType === "string") return isMediaType(mimeType.toLowerCase().split(";")[0]?.trim() ?? "");
  return mimeType === undefined && data === undefined && blob === undefined;
}

/** Of a call, a prompt, a resource that was read, and of what a server asks a model or a person; in either era. */
function partsOf({ result, params }: JsonObject): readonly Part[] {
  return [result, params].flatMap((holder) => {
    if (!isObject(holder)) return [];
    const { content, contents, messages, structuredContent, inputRequests } = holder;
    return [
      ...typedParts(content),
      ...listOf(contents).map((part) => ({ part, isTyped: false })),
      ...listOf(messages).flatMap((message) => typedParts(isObject(message) ? message["content"] : message)),
      ...(structuredContent === undefined ? [] : [{ part: STRUCTURED, isTyped: true }]),
      ...(isObject(inputRequests) ? Object.values(inputRequests) : []).flatMap((asked) => partsOf(ofRequest(asked))),
    ];
  });
}

function ofRequest(asked: Json | undefined): JsonObject {
  return isObject(asked) ? { params: asked["params"] } : {};
}

/** With what is embedded in each, and what a tool of the model's has answered. */
function typedParts(content: Json | undefined): readonly Part[] {
  return listOf(content).flatMap((part): readonly Part[] => {
    if (!isObject(part)) return [{ part, isTyped: true }];
    const { resource, content: within, structuredContent } = part;
    return [
      { part, isTyped: true },
      ...(resource === undefined ? [] : [{ part: resource, isTyped: false }]),
      ...typedParts(within),
      ...(structuredContent === undefined ? [] : [{ part: STRUCTURED, isTyped: true }]),
    ];
  });
}

function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

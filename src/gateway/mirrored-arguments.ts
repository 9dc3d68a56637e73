import { survivesAsDouble } from "../jwt/json-number.ts";
import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { readHeaderValue } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";

/** An argument that clients repeat in a header (MCP 2026-07-28, `x-mcp-header` in a tool's input schema). */
export interface MirroredArgument {
  /** In lower case, as header names are compared. */
  readonly header: string;
  readonly path: readonly string[];
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PRIMITIVES: ReadonlySet<unknown> = new Set(["string", "integer", "boolean", "number"]);
/** Keywords whose values are schemas by the author's own names. */
const NAMED: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** And those whose values are none. */
const VALUES: ReadonlySet<string> = new Set(["const", "default", "enum", "examples"]);
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * Those that a schema names along `properties` alone: what stands below a list, a choice or a reference is no such
 * argument. A declaration that clients must drop is none here either.
 */
export function findMirroredArguments(inputSchema: Json | undefined): readonly MirroredArgument[] {
  const found = isObject(inputSchema) ? [...walk(inputSchema, [])] : [];
  return found.slice(0, LIMITS.mirroredArguments);
}

function* walk({ properties }: JsonObject, path: readonly string[]): Generator<MirroredArgument> {
  if (!isObject(properties)) return;
  for (const [name, schema] of Object.entries(properties)) {
    if (!isObject(schema)) continue;
    const { "x-mcp-header": header, type } = schema;
    const isDeclared = typeof header === "string" && TOKEN.test(header) && PRIMITIVES.has(type);
    if (isDeclared) yield { header: `mcp-param-${header.toLowerCase()}`, path: [...path, name] };
    yield* walk(schema, [...path, name]);
  }
}

/**
 * Whether each header that a schema declares is one that clients send, and no two are one: a client drops the tool
 * otherwise (MCP 2026-07-28, x-mcp-header).
 */
export function hasFitHeaders(inputSchema: Json | undefined): boolean {
  const fit = isObject(inputSchema) ? [...walk(inputSchema, [])] : [];
  return new Set(fit.map(({ header }) => header)).size === fit.length && countDeclared(inputSchema) === fit.length;
}

/** Wherever it stands that is a schema; a property may be called so, and a value have it. */
function countDeclared(schema: Json | undefined): number {
  if (Array.isArray(schema)) return sum(schema.map(countDeclared));
  if (!isObject(schema)) return 0;
  const below = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === "x-mcp-header") return 1;
    if (VALUES.has(keyword)) return 0;
    return NAMED.has(keyword) && isObject(value) ? sum(Object.values(value).map(countDeclared)) : countDeclared(value);
  });
  return sum(below);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * Whoever is in between goes by the header, and the server by the arguments: they must say the same (MCP 2026-07-28, server
 * validation). In the era of sessions no client has to send one; but none may lie. @throws CallRefused
 */
export function requireMirrored(
  headers: Headers,
  given: Json | undefined,
  { mirrored, isMandatory }: { readonly mirrored: readonly MirroredArgument[]; readonly isMandatory: boolean },
): void {
  for (const { header, path } of mirrored) {
    const stated = readHeaderValue(headers.get(header));
    const value = valueAt(given, path);
    const text = textOf(value);
    if (stated === null && (text === null || !isMandatory)) continue;
    if (stated === null || text === null || !isSame(stated, text, value))
      throw new CallRefused("message_header_mismatch");
  }
}

function valueAt(given: Json | undefined, path: readonly string[]): Json | undefined {
  let value: Json | undefined = given;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** null for what no header can say: nothing, a list, an object. */
function textOf(value: Json | undefined): string | null {
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number" ? String(value) : null;
}

/** Numbers as numbers: 42.0 is 42. */
function isSame(stated: string, text: string, value: Json | undefined): boolean {
  if (typeof value !== "number") return stated === text;
  return DECIMAL.test(stated) && survivesAsDouble(stated) && Number(stated) === value;
}

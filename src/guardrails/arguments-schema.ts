import { type Schema, Validator } from "@cfworker/json-schema";
import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";

/** Keywords that a schema can make expensive: their cost would be the server's choice. */
const EXPENSIVE: ReadonlySet<string> = new Set(["pattern", "patternProperties", "format", "uniqueItems"]);
/** Keywords whose members are names, each with a schema of its own. */
const MAPS: ReadonlySet<string> = new Set(["properties", "$defs", "definitions", "dependentSchemas"]);
/** Keywords whose values are no schemas, whatever they look like. */
const LITERALS: ReadonlySet<string> = new Set([
  "const",
  "enum",
  "default",
  "examples",
  "required",
  "dependentRequired",
]);

class OutOfSteps extends Error {
  override readonly name = "OutOfSteps";
}

/**
 * Whether arguments are what a tool's approved input schema wants. References lead nowhere but into the schema itself,
 * nothing is ever fetched, and what takes too many steps does not fit: a schema may refer to itself in ways that double
 * with each level.
 */
export function fitsInputSchema(schema: JsonObject, given: Json): boolean {
  try {
    const { $schema: dialect } = schema;
    const draft = typeof dialect === "string" && dialect.includes("draft-07") ? "7" : "2020-12";
    return new Validator(countReads(affordable(schema)) as Schema, draft).validate(given).valid;
  } catch {
    // A reference to somewhere else, one that leads back to itself, too many steps.
    return false;
  }
}

function affordable(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => affordable(item));
  if (!isObject(schema)) return schema;
  // Without the names that patterns give, there is no telling which members are additional.
  const isOpen = schema["patternProperties"] !== undefined;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !EXPENSIVE.has(keyword) && !(isOpen && keyword === "additionalProperties"))
      .map(([keyword, value]) => [keyword, affordableMember(keyword, value)]),
  );
}

function affordableMember(keyword: string, value: Json | undefined): Json | undefined {
  if (value === undefined || LITERALS.has(keyword)) return value;
  if (!MAPS.has(keyword) || !isObject(value)) return affordable(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, one === undefined ? one : affordable(one)]),
  );
}

/** The validator reads keywords as it goes, so that counting them bounds what it does. */
function countReads(schema: Json): Json {
  const counted = new WeakMap<object, object>();
  let reads = 0;
  const wrap = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const known = counted.get(value);
    if (known !== undefined) return known;
    const proxy = new Proxy(value, {
      get(target, key, receiver): unknown {
        reads += 1;
        if (reads > LIMITS.schemaReads) throw new OutOfSteps();
        return wrap(Reflect.get(target, key, receiver));
      },
    });
    counted.set(value, proxy);
    return proxy;
  };
  return wrap(schema) as Json;
}

import { type Schema, Validator } from "@cfworker/json-schema";
import * as z from "zod";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";

/**
 * The part of JSON Schema (2020-12) in which a type is described. Every object is closed, and says so. There is no
 * `pattern`, which can be made to backtrack, no reference and no combination: what cannot be said in this is no shape.
 */
type Node = ObjectNode | ArrayNode | ScalarNode;

interface ObjectNode {
  readonly type: "object";
  readonly description?: string | undefined;
  readonly properties: Readonly<Record<string, Node>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

interface ArrayNode {
  readonly type: "array";
  readonly description?: string | undefined;
  readonly items: Node;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly uniqueItems?: boolean | undefined;
}

type ScalarNode = z.output<typeof textNode> | z.output<typeof numberNode> | z.output<typeof booleanNode>;

const description = z.string().max(1024).optional();
const count = z.int().min(0).optional();
const value = z.union([z.string(), z.number(), z.boolean()]);
const fixed = { const: value.optional(), enum: z.array(value).min(1).max(LIMITS.detailsEnumValues).optional() };

const textNode = z.strictObject({
  type: z.literal("string"),
  description,
  ...fixed,
  minLength: count,
  maxLength: count,
});
const bound = z.number().optional();
const numberNode = z.strictObject({
  type: z.enum(["number", "integer"]),
  description,
  ...fixed,
  minimum: bound,
  maximum: bound,
});
const booleanNode = z.strictObject({ type: z.literal("boolean"), description, const: value.optional() });

const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.discriminatedUnion("type", [objectNode, arrayNode, textNode, numberNode, booleanNode]),
);

const arrayNode = z.strictObject({
  type: z.literal("array"),
  description,
  items: nodeSchema,
  minItems: count,
  maxItems: count,
  uniqueItems: z.boolean().optional(),
});

const objectNode = z.strictObject({
  type: z.literal("object"),
  description,
  properties: z.record(z.string().min(1).max(LIMITS.identifierBytes), nodeSchema),
  required: z.array(z.string()).default([]),
  additionalProperties: z.literal(false),
});

/** A type of authorization_details (RFC 9396 §2.1) that one MCP server understands. */
export const detailsTypeSchema = z
  .strictObject({
    description: z.string().min(1).max(1024),
    /** Of an element without its `type`. */
    schema: objectNode,
    /** Members of which a request may ask for less than is asserted: a lower number, some of a list. */
    narrowable: z.array(z.string()).default([]),
  })
  .refine(({ schema }) => !Object.hasOwn(schema.properties, "type"), {
    path: ["schema", "properties", "type"],
    message: "the type is the name of this entry: leave it out here",
  })
  .refine(({ schema, narrowable }) => narrowable.every((name) => isNarrowable(schema, name)), {
    path: ["narrowable"],
    message: "name members that are lists, or numbers with a minimum",
  });

export type DetailsType = z.output<typeof detailsTypeSchema>;

/** RFC 9396 leaves its spelling to the server; spaces and control characters have no place in one. */
export const detailsTypeNameSchema = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "printable ASCII without spaces")
  .max(LIMITS.scopeTokenBytes);

function isNarrowable({ properties }: ObjectNode, name: string): boolean {
  const node = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (node === undefined) return false;
  // Without one, less could be less than nothing.
  return node.type === "array" || ("minimum" in node && node.minimum !== undefined);
}

const validators = new WeakMap<DetailsType, Validator>();

/** @returns whether the members of an element, its `type` apart, are what the type's schema says. */
export function fitsDetailsType(members: JsonObject, type: DetailsType): boolean {
  const validator = validators.get(type) ?? new Validator(type.schema as unknown as Schema, "2020-12");
  validators.set(type, validator);
  return validator.validate(members).valid;
}

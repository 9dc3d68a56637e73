import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { compileTextPattern } from "./text-pattern.ts";
import { secretNameSchema } from "./upstream-credential.ts";

/** Kinds of personal data that have a shape of their own, and where there is one a check digit. */
export const PERSONAL_DATA = ["email", "phone", "credit_card", "iban", "us_ssn"] as const;

const common = {
  /** By which it is known in audit records. */
  name: z.string().regex(/^[a-z0-9_-]{1,64}$/, "use lower-case letters, digits, dash and underscore"),
};
const looks = {
  /** Before: what the caller sends. After: what the server answers. */
  when: z.enum(["before", "after", "both"]).default("both"),
  /** redact: put a word in its place, and go on. */
  action: z.enum(["block", "redact"]).default("block"),
};

const patternSchema = z
  .string()
  .min(1)
  .max(LIMITS.identifierBytes)
  .superRefine((text, context) => {
    const compiled = compileTextPattern(text);
    if ("flaw" in compiled) context.addIssue({ code: "custom", message: compiled.flaw });
  });

function isAffordable(patterns: readonly string[]): boolean {
  const costs = patterns.map((source) => compileTextPattern(source)).map((one) => ("cost" in one ? one.cost : 0));
  return costs.reduce((sum, cost) => sum + cost, 0) <= LIMITS.patternsCost;
}

/** One processor, which looks at what passes between callers and one MCP server. */
const guardrailSchema = z.discriminatedUnion("type", [
  z.strictObject({ ...common, type: z.literal("arguments_schema") }),
  z.strictObject({
    ...common,
    type: z.literal("size"),
    /** Of what the caller sends: arguments, all that stands beside them, and headers that repeat them, as JSON in UTF-8. */
    arguments_bytes: z.int().min(1).max(LIMITS.gatewayBodyBytes).optional(),
    /** Of the whole answer, all events of a stream together. */
    result_bytes: z.int().min(1).max(LIMITS.listResultBytes).optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal("content"),
    /** Of a result's content: text, image, audio, resource, resource_link; structured for `structuredContent`. */
    types: z.array(z.string().min(1).max(64)).max(16).optional(),
    /** Of all but texts, which need not state one; * stands for any run of characters. */
    media_types: z.array(z.string().min(1).max(128)).max(64).readonly().optional(),
  }),
  z.strictObject({
    ...common,
    ...looks,
    type: z.literal("patterns"),
    patterns: z
      .array(patternSchema)
      .min(1)
      .max(32)
      .refine(isAffordable, `narrow their ranges: ${LIMITS.patternsCost} steps for all of them`),
  }),
  z.strictObject({ ...common, ...looks, type: z.literal("secrets") }),
  z.strictObject({
    ...common,
    ...looks,
    type: z.literal("personal_data"),
    kinds: z
      .array(z.enum(PERSONAL_DATA))
      .min(1)
      .default([...PERSONAL_DATA]),
  }),
  z.strictObject({
    ...common,
    type: z.literal("external"),
    when: looks.when,
    url: z.string().max(LIMITS.urlBytes),
    /** The name in the vault of what requests to it are signed with. */
    secret: secretNameSchema,
    timeout_milliseconds: z.int().min(50).max(LIMITS.guardrailMilliseconds).default(2_000),
    /** What happens to a call when it does not answer as it should. */
    fail: z.enum(["closed", "open"]).default("closed"),
    /** content: also what passes, as the processors before it have left it. */
    sends: z.enum(["metadata", "content"]).default("metadata"),
  }),
]);

/** In their order: what one has redacted, the next does not see. */
export const guardrailsSchema = z
  .array(guardrailSchema)
  .max(LIMITS.guardrails)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "two share a name");

export type Guardrail = z.output<typeof guardrailSchema>;

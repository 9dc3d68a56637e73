import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { scopeTokenSchema } from "./scope.ts";
import { selectorSchema } from "./selector.ts";

const lifetimeSchema = z.int().min(1).max(LIMITS.accessTokenLifetimeMaximumSeconds);

const conditions = {
  id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "use letters, digits, dot, dash and underscore"),
  description: z.string().max(1024).optional(),
  issuers: selectorSchema.optional(),
  tenants: selectorSchema.optional(),
  clients: selectorSchema,
  resources: selectorSchema,
  subjects: selectorSchema.optional(),
  actors: selectorSchema.optional(),
};

const permitSchema = z.strictObject({
  ...conditions,
  effect: z.literal("permit"),
  scopes: z.union([z.literal("any"), z.array(scopeTokenSchema).max(LIMITS.scopeTokens).transform(toSet)]),
  token_lifetime_seconds: lifetimeSchema.optional(),
});

/** A deny names no scopes: it refuses the whole request. */
const denySchema = z.strictObject({ ...conditions, effect: z.literal("deny") });

function toSet(list: readonly string[]): ReadonlySet<string> {
  return new Set(list);
}

export const policySchema = z
  .strictObject({
    $schema: z.string().optional(),
    organization: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
    description: z.string().max(1024).optional(),
    rules: z.array(z.discriminatedUnion("effect", [permitSchema, denySchema])).max(LIMITS.policyRules),
  })
  .refine(({ rules }) => new Set(rules.map((rule) => rule.id)).size === rules.length, {
    path: ["rules"],
    message: "two rules share an id",
  });

export type Policy = z.output<typeof policySchema>;
export type Rule = Policy["rules"][number];
export type PermitRule = Extract<Rule, { effect: "permit" }>;

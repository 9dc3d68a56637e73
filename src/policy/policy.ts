import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { deniedCallsSchema, type PermittedCalls, permittedCallsSchema } from "./calls.ts";
import { compileExpression } from "./expression.ts";
import { approvalSchema, concurrencySchema, rateSchema } from "./obligations.ts";
import { organizationSchema } from "./organization.ts";
import { scopeTokenSchema } from "./scope.ts";
import { selectorSchema } from "./selector.ts";

const lifetimeSchema = z.int().min(1).max(LIMITS.accessTokenLifetimeMaximumSeconds);
const instantSchema = z.iso.datetime({ offset: true });

const expressionSchema = z.string().superRefine((text, context) => {
  const compiled = compileExpression(text);
  if (typeof compiled !== "function") context.addIssue({ code: "custom", message: compiled.flaw });
});

/** What `acr_values` can list, in a form and in a challenge: no space, no quote. */
const acrSchema = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
  .max(LIMITS.identifierBytes);

/** All that a rule states must hold; what it leaves out is no condition. */
const conditions = {
  id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "use letters, digits, dot, dash and underscore"),
  description: z.string().max(1024).optional(),
  clients: selectorSchema,
  resources: selectorSchema,
  issuers: selectorSchema.optional(),
  tenants: selectorSchema.optional(),
  subjects: selectorSchema.optional(),
  /** Any one of the subject's groups, as the identity provider names them. */
  groups: selectorSchema.optional(),
  /** Of a verified address at a domain for which the identity provider is authoritative. */
  email_domains: selectorSchema.optional(),
  actors: selectorSchema.optional(),
  /** Any one of the authentication methods (RFC 8176). */
  amr: selectorSchema.optional(),
  not_before: instantSchema.optional(),
  not_after: instantSchema.optional(),
  /** Common Expression Language, for what lists cannot say. An error in it denies. */
  condition: expressionSchema.optional(),
};

/** What a better sign-in could satisfy: when only this is missing, the client is told to get one (RFC 9470). */
const authentication = {
  acr: z.array(acrSchema).min(1).max(16).optional(),
  maximum_authentication_age_seconds: z.int().min(1).optional(),
};

const permitSchema = z.strictObject({
  ...conditions,
  ...authentication,
  effect: z.literal("permit"),
  scopes: z.union([z.literal("any"), z.array(scopeTokenSchema).max(LIMITS.scopeTokens).transform(toSet)]),
  token_lifetime_seconds: lifetimeSchema.optional(),
  /** Types of authorization_details (RFC 9396) that it grants along with at least one of its scopes; none when absent. */
  authorization_details_types: selectorSchema.optional(),
  /** Only for a token that is bound to a key. */
  dpop_required: z.boolean().default(false),
  /** Of what the scopes mean at the MCP server, these calls alone; all of it when absent. */
  calls: permittedCallsSchema.optional(),
  /** Each of these calls waits for a person. */
  approval: approvalSchema.optional(),
  rate: rateSchema.optional(),
  concurrency: concurrencySchema.optional(),
});

/** A deny names no scopes: it refuses the whole request, or with `calls` no token and those calls alone. */
const denySchema = z.strictObject({
  ...conditions,
  effect: z.literal("deny"),
  /** Only what asks for authorization_details of one of these types. */
  authorization_details_types: selectorSchema.optional(),
  calls: deniedCallsSchema.optional(),
});

function toSet(list: readonly string[]): ReadonlySet<string> {
  return new Set(list);
}

export const policySchema = z
  .strictObject({
    $schema: z.string().optional(),
    organization: organizationSchema,
    description: z.string().max(1024).optional(),
    rules: z.array(z.discriminatedUnion("effect", [permitSchema, denySchema])).max(LIMITS.policyRules),
  })
  .refine(({ rules }) => new Set(rules.map((rule) => rule.id)).size === rules.length, {
    path: ["rules"],
    message: "two rules share an id",
  })
  .superRefine(({ rules }, context) => {
    for (const [at, rule] of rules.entries()) {
      if (rule.effect === "deny" || rule.approval === undefined || namesToolsAlone(rule.calls)) continue;
      context.addIssue({
        code: "custom",
        path: ["rules", at, "approval"],
        message: "say in calls which tools; tools alone",
      });
    }
  });

/** What a person approves is a tool with its arguments; nothing else that a rule permits may slip by unapproved. */
function namesToolsAlone(calls: PermittedCalls | undefined): boolean {
  if (calls?.tools === undefined) return false;
  // Annotations are a server's own claim, by which it could say that a call takes no approval.
  const { annotations, methods, prompts, resources } = calls;
  return [annotations, methods, prompts, resources].every((list) => list === undefined);
}

export type Policy = z.output<typeof policySchema>;
export type Rule = Policy["rules"][number];
export type PermitRule = Extract<Rule, { effect: "permit" }>;

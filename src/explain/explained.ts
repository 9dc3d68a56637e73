import * as z from "zod";

const explainedConditionSchema = z.strictObject({
  condition: z.string().describe("The member of the rule's document"),
  outcome: z.enum(["holds", "does_not_hold", "failed"]),
  because: z.string().nullable().describe("What the rule wants and what the request has, where it does not hold"),
});

const explainedRuleSchema = z.strictObject({
  rule: z.string(),
  effect: z.enum(["permit", "deny"]),
  applies: z.boolean(),
  conditions: z.array(explainedConditionSchema),
});

/** Why, in full: what the admin API answers, and what the command line puts into words. */
export const explainedSchema = z.strictObject({
  decision: z.enum(["granted", "refused", "failed"]),
  reason: z.string().nullable().describe("As it would be in the audit record; null where every check says yes"),
  check: z.string().nullable().describe("The check that ended it, by its name in redemption.ts"),
  error: z.string().nullable().describe("All that the client would be told"),
  compared: z.array(z.string()).describe("Where the reason is a comparison, its two sides"),
  organization: z.string().nullable(),
  resource: z.string().nullable(),
  scope_granted: z.string().nullable(),
  authorization_details_granted: z.array(z.record(z.string(), z.unknown())).describe("What the token would carry"),
  token_lifetime_seconds: z.int().nullable(),
  policy_rules: z.array(z.string()).describe("Those that permitted it, or the one that decided against it"),
  rules: z.array(explainedRuleSchema).describe("Those that apply and those that come closest, in their order"),
  rules_left_out: z.int().describe("How many more there are, none of which applies"),
  would_help: z.array(z.string()).describe("What would have to change, as far as policy is concerned"),
  assumed: z.array(z.string()).describe("Claims that were filled in, by name"),
  not_checked: z.array(z.string()).describe("What is taken for granted, because only the real parties can show it"),
});

export type Explained = z.output<typeof explainedSchema>;
export type ExplainedRule = z.output<typeof explainedRuleSchema>;

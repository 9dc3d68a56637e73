import * as z from "zod";
import { LIMITS } from "../limits.ts";

const personalText = z.string().max(LIMITS.auditTextCharacters);

/**
 * What policy was told of a person beside his name, so that a decision can be made again under another policy: groups
 * only as far as the policy names them, and of all others no more than that there are some.
 */
export const judgedFactsSchema = z.strictObject({
  groups: z.array(personalText).max(LIMITS.auditGroups),
  other_groups: z.boolean(),
  email_domain: personalText.nullable(),
  acr: personalText.nullable(),
  amr: z.array(personalText).max(LIMITS.authenticationMethods),
  auth_time: z.int().nullable(),
  proved_key: z.boolean(),
});

export type JudgedFacts = z.output<typeof judgedFactsSchema>;

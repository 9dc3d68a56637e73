import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type SubjectKey, subjectKeySchema } from "../policy/subject-key.ts";
import { readEmailAddress } from "./email-address.ts";
import { samlNameIdSchema } from "./saml-name-id.ts";

/** What `aud_sub` may name. */
export const accountIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/, "letters, digits and . _ @ : + -, beginning with a letter or digit");

const emailSchema = z
  .string()
  .max(LIMITS.emailBytes)
  .refine((text) => readEmailAddress(text)?.address === text, "an address as in name@domain, its domain in lower case");

/** One person of one organization, and by what a trusted provider's word may find it. Each finds one account only. */
export const accountSchema = z.strictObject({
  account: accountIdSchema,
  name: z.string().max(LIMITS.identifierBytes).default(""),
  emails: z.array(emailSchema).max(LIMITS.identifiersPerAccount).default([]),
  saml_nameids: z.array(samlNameIdSchema).max(LIMITS.identifiersPerAccount).default([]),
  /** Subjects that are this account, by an administrator's word. */
  subjects: z.array(subjectKeySchema).max(LIMITS.identifiersPerAccount).default([]),
});
export type Account = z.output<typeof accountSchema>;

/** Who an assertion says its subject is, as far as its issuer's record lets it say so. */
export interface SubjectQuery extends SubjectKey {
  /** From `aud_sub`. */
  readonly account: string | null;
  /** As `spellSamlNameId` spells it. */
  readonly samlNameId: string | null;
  /** As `readEmailAddress` spells it. */
  readonly email: string | null;
}

/** "unknown": nobody here. "conflict": what is said of the subject names two accounts, or an account that is taken. */
export type Resolved = { readonly account: string } | "unknown" | "conflict";

/** How a subject came to its account. */
export type BoundBy = "administrator" | "aud_sub" | "saml_nameid" | "email";

export interface Binding extends SubjectKey {
  readonly boundBy: BoundBy;
  readonly boundAtMilliseconds: number;
}

export interface FoundAccount {
  readonly account: Account;
  readonly bindings: readonly Binding[];
}

export interface AccountsToWrite {
  readonly accounts: readonly Account[];
  readonly existing: "keep" | "replace";
  /** Only to learn what stands in the way. */
  readonly dryRun?: boolean;
}

/** Why an account cannot be written: something of it is another account's. */
export interface AccountConflict {
  readonly account: string;
  readonly taken: "account" | "email" | "saml_nameid" | "subject";
  readonly by: string;
}

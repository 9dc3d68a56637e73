import * as z from "zod";
import { LIMITS } from "../limits.ts";

const text = z
  .string()
  .min(1)
  .max(LIMITS.identifierBytes)
  .refine((value) => value.isWellFormed(), "not well-formed");

/** ID-JAG §3.2.1: a subject identifier of the format `saml-nameid`, the name of a user at a SAML identity provider. */
export const samlNameIdSchema = z.strictObject({
  format: z.literal("saml-nameid"),
  issuer: z.string().min(1).max(LIMITS.urlBytes),
  nameid: text,
  nameid_format: z.string().min(1).max(LIMITS.urlBytes).optional(),
  name_qualifier: z.string().min(1).max(LIMITS.urlBytes).optional(),
  sp_name_qualifier: z.string().min(1).max(LIMITS.urlBytes).optional(),
  sp_provided_id: text.optional(),
});

export type SamlNameId = z.output<typeof samlNameIdSchema>;

/**
 * One spelling of all members (§3.2.2): `nameid` alone names nobody, and a member that is absent is not one that is
 * empty.
 */
export function spellSamlNameId(nameId: SamlNameId): string {
  const { issuer, nameid, nameid_format, name_qualifier, sp_name_qualifier, sp_provided_id } = nameId;
  const optional = [nameid_format, name_qualifier, sp_name_qualifier, sp_provided_id];
  return JSON.stringify([issuer, nameid, ...optional.map((member) => member ?? null)]);
}

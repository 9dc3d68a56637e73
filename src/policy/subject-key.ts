import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** A subject at its identity provider: (issuer, tenant, sub), and nothing less. */
export const subjectKeySchema = z.strictObject({
  issuer: z.string().min(1).max(LIMITS.urlBytes),
  tenant: z.string().min(1).max(LIMITS.identifierBytes).nullable().default(null),
  sub: z.string().min(1).max(LIMITS.identifierBytes),
});
export type SubjectKey = z.output<typeof subjectKeySchema>;

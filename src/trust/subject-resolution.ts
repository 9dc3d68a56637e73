import * as z from "zod";

/** By what an assertion may find an account that it has not come to before. */
export const RESOLUTION_MEANS = ["aud_sub", "saml_nameid", "email"] as const;
export type ResolutionMeans = (typeof RESOLUTION_MEANS)[number];

const automaticSchema = z.strictObject({
  /** Whoever the provider asserts is somebody: the principal follows from issuer, tenant and `sub`. */
  mode: z.literal("automatic"),
});

const strictSchema = z.strictObject({
  /** Only who has an account in the organization's directory is somebody. */
  mode: z.literal("strict"),
  /** Empty: only subjects that an administrator has bound to an account. */
  by: z.array(z.enum(RESOLUTION_MEANS)).max(RESOLUTION_MEANS.length).default([]),
  /** Every assertion must carry a `sub_id` of the format saml-nameid, known subject or not (ID-JAG §3.2.2). */
  saml_nameid_required: z.boolean().default(false),
});

/** ID-JAG §4.1: how a provider's users become ours. */
export const subjectResolutionSchema = z.discriminatedUnion("mode", [automaticSchema, strictSchema]);

export type SubjectResolution = z.output<typeof subjectResolutionSchema>;
export type StrictResolution = Extract<SubjectResolution, { mode: "strict" }>;

import * as z from "zod";
import { AUDIT_TYPES } from "../audit/audit-type.ts";
import { SECRET_NAME } from "./upstream-credential.ts";
import { LIMITS } from "../limits.ts";

/** Where records go besides the archive, as people write it down. */
export const sinkSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes"),
    description: z.string().max(500).optional(),
    enabled: z.boolean().default(true),
    type: z
      .enum(["webhook", "splunk_hec", "otlp", "otlp_traces", "otlp_metrics"])
      .describe(
        "webhook: signed as Standard Webhooks are; splunk_hec: HTTP Event Collector; otlp: logs, otlp_traces: spans, " +
          "otlp_metrics: counts and durations, all three JSON over HTTP",
      ),
    url: z.string().max(LIMITS.urlBytes).describe("The whole address, with the path that the receiver documents"),
    secret: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,40}$/, "the name of a secret after SINK_: capitals, digits and _")
      .optional()
      .describe("NAME of the Worker secret SINK_NAME, whose text is the URL's origin, a space, and the secret itself"),
    vault_secret: z
      .string()
      .max(LIMITS.secretNameCharacters)
      .regex(SECRET_NAME, "the name of a secret in the vault")
      .optional()
      .describe(
        "In place of secret: the name of a secret in the vault, one that names the URL's origin as its only resource",
      ),
    format: z.enum(["native", "ocsf"]).default("native").describe("Our own events, or those of OCSF 1.6"),
    types: z.array(z.enum(AUDIT_TYPES)).min(1).optional().describe("These types of event alone"),
    decisions: z
      .array(z.enum(["granted", "refused", "failed", "done"]))
      .min(1)
      .optional()
      .describe("These decisions alone"),
    begin: z
      .enum(["now", "beginning"])
      .default("now")
      .describe(
        "Where a new sink begins: with what is recorded from then on, or with the oldest record in the archive",
      ),
  })
  // Without one a receiver could not tell us from anybody else, or would refuse us for good.
  .refine((sink) => sink.type.startsWith("otlp") || hasSecret(sink), {
    path: ["secret"],
    message: "is needed for this type, or vault_secret",
  })
  .refine(({ secret, vault_secret }) => secret === undefined || vault_secret === undefined, {
    path: ["vault_secret"],
    message: "there is a secret already: one of the two",
  });

function hasSecret({
  secret,
  vault_secret,
}: {
  secret?: string | undefined;
  vault_secret?: string | undefined;
}): boolean {
  return secret !== undefined || vault_secret !== undefined;
}

export type Sink = z.output<typeof sinkSchema>;

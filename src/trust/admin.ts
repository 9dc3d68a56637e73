import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { subjectKeySchema } from "../policy/subject-key.ts";
import { keySourceSchema } from "./key-source.ts";

export const ADMIN_ROLES = ["viewer", "operator", "approver"] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** The keys stand in the document: whoever serves a URL must not decide who administers this deployment. */
const inlineKeySetSchema = keySourceSchema.refine(({ kind }) => kind === "inline", {
  message: "state the keys themselves",
});

const authenticationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("key"), key_set: inlineKeySetSchema }),
  z.strictObject({ kind: z.literal("access_user") }),
  z.strictObject({ kind: z.literal("access_service_token") }),
]);

/**
 * Who may administer, and how far. The name is what proves itself: that of a key, the address that Cloudflare Access
 * vouches for (in lower case), or the client id of an Access service token. One kind never passes for another.
 */
export const adminSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[\x21-\x7e]+$/, "printable ASCII without spaces")
      .max(LIMITS.identifierBytes),
    enabled: z.boolean().default(true),
    role: z.enum(ADMIN_ROLES),
    /** By which a policy's rule may name approvers. */
    groups: z.array(z.string().min(1).max(LIMITS.identifierBytes)).max(LIMITS.groupsPerAdmin).default([]),
    /** Who he is at each identity provider that he can sign in with: an approver decides about nothing of his own. */
    subjects: z.array(subjectKeySchema).max(LIMITS.subjectsPerAdmin).default([]),
    authentication: authenticationSchema,
  })
  .refine(({ name, authentication }) => authentication.kind !== "access_user" || isLowerCaseAddress(name), {
    path: ["name"],
    message: "an e-mail address in lower case, since it is one of Cloudflare Access",
  });

export type AdminDocument = z.output<typeof adminSchema>;

function isLowerCaseAddress(text: string): boolean {
  return text.includes("@") && text === text.toLowerCase();
}

import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { listedBy, type Operation } from "./operation.ts";

const namesSchema = z
  .array(z.string().min(1).max(LIMITS.urlBytes))
  .min(1)
  .max(LIMITS.approversPerRule)
  .transform((list): ReadonlySet<string> => new Set(list));

/** Whoever any of the lists names: administrators by name, or by the groups and subjects that their documents state. */
const approversSchema = z.union([
  z.literal("any"),
  z
    .strictObject({
      admins: namesSchema.optional(),
      groups: namesSchema.optional(),
      subjects: namesSchema.optional(),
    })
    .refine((lists) => Object.values(lists).some((list) => list !== undefined), "names nobody"),
]);

/** The call waits until a person has said yes to this very call. */
export const approvalSchema = z.strictObject({
  approvers: approversSchema,
  /** To be decided within, and an approval to be used within. */
  expires_in_seconds: z
    .int()
    .min(LIMITS.approvalMinimumSeconds)
    .max(LIMITS.approvalMaximumSeconds)
    .default(LIMITS.approvalMaximumSeconds),
  /** Whether approvers see the arguments themselves, or only their names and digest. */
  show_arguments: z.boolean().default(false),
});

export type Approval = z.output<typeof approvalSchema>;

/** What a rule that permits a call demands of it besides. */
export interface Obligation {
  readonly rule: string;
  readonly approval: Approval;
}

/**
 * A list, and what keeps a connection alive, is no use of anything. Those of every rule that permits the call: a broad
 * permit beside a careful one takes nothing away.
 */
export function obligationsOf(
  rules: readonly { readonly id: string; readonly approval?: Approval | undefined }[],
  operation: Operation | null,
): readonly Obligation[] {
  if (operation === null || listedBy(operation.method) !== null) return [];
  return rules.flatMap(({ id, approval }) => (approval === undefined ? [] : [{ rule: id, approval }]));
}

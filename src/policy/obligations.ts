import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { listedBy, type Operation } from "./operation.ts";
import { subjectKeySchema } from "./subject-key.ts";

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
      /** At their issuers: a `sub` alone may be another person's elsewhere. */
      subjects: z.array(subjectKeySchema).min(1).max(LIMITS.approversPerRule).readonly().optional(),
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

/** Who shares a count with whom: calls of the same person, agent or tool, whichever are named here. */
const countedBySchema = z
  .array(z.enum(["subject", "client", "tool"]))
  .min(1)
  .refine((by) => new Set(by).size === by.length, "names one twice");

/** At most so many calls in any stretch of so many seconds. */
export const rateSchema = z.strictObject({
  calls: z.int().min(1).max(LIMITS.callsPerRate),
  per_seconds: z.int().min(1).max(LIMITS.rateMaximumSeconds),
  by: countedBySchema,
});

/** At most so many calls at the same time, each until its answer has ended. */
export const concurrencySchema = z.strictObject({
  calls: z.int().min(1).max(LIMITS.callsAtOnce),
  by: countedBySchema,
});

export type Rate = z.output<typeof rateSchema>;
export type Concurrency = z.output<typeof concurrencySchema>;

/** What a rule that permits a call demands of it besides. */
export interface Obligation {
  readonly rule: string;
  readonly approval?: Approval | undefined;
  readonly rate?: Rate | undefined;
  readonly concurrency?: Concurrency | undefined;
}

type Demanding = Omit<Obligation, "rule"> & { readonly id: string };

/**
 * A list, and what keeps a connection alive, is no use of anything. Those of every rule that permits the call: a broad
 * permit beside a careful one takes nothing away.
 */
export function obligationsOf(rules: readonly Demanding[], operation: Operation | null): readonly Obligation[] {
  if (operation === null || listedBy(operation.method) !== null) return [];
  return rules.flatMap(({ id: rule, approval, rate, concurrency }) => {
    const demands = [approval, rate, concurrency];
    return demands.every((demand) => demand === undefined) ? [] : [{ rule, approval, rate, concurrency }];
  });
}

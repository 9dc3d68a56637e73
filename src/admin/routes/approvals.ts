import * as z from "zod";
import { organizationOf } from "../../approval/approval-id.ts";
import type { Approval, Approver, DecisionObstacle, DecisionResult } from "../../approval/approval.ts";
import { findObstacle } from "../../approval/may-decide.ts";
import type { AdminRefusal } from "../../audit/reason.ts";
import { LIMITS } from "../../limits.ts";
import { organizationSchema } from "../../policy/organization.ts";
import { subjectKeySchema } from "../../policy/subject-key.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { AdminRejected } from "../rejection.ts";
import { Requesters } from "../requesters.ts";
import { defineRoute, NO_BODY } from "../route.ts";

const addressSchema = z.strictObject({ approval: z.string().max(LIMITS.identifierBytes) });
const names = z.array(z.string());

export const approvalSchema = z.strictObject({
  id: z.string(),
  state: z.enum(["pending", "approved", "denied", "expired", "consumed"]),
  organization: z.string(),
  requester: subjectKeySchema.describe("For whom the agent calls"),
  actor: z.string().nullable(),
  client_id: z.string(),
  resource: z.string(),
  tool: z.string(),
  argument_names: names,
  call_sha256: z.string().describe("Of `call`, in hexadecimal"),
  call: z
    .string()
    .nullable()
    .describe(
      "All that is approved, in canonical JSON (RFC 8785): `params`, and `headers` that repeat some of them; not the progress token and trace context of one try. Where policy shows arguments and you may decide; null otherwise, and once it is over",
    ),
  rules: z.array(
    z.strictObject({
      rule: z.string(),
      approvers: z.union([
        z.literal("any"),
        z.strictObject({ admins: names, groups: names, subjects: z.array(subjectKeySchema) }),
      ]),
    }),
  ),
  asked_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  decided_by: z.string().nullable(),
  obstacle: z
    .enum(["own_request", "not_an_approver", "unidentified"])
    .nullable()
    .describe("Why you may not decide; null where an approver of your name may"),
});

export const listApprovals = defineRoute({
  id: "list_approvals",
  method: "GET",
  path: "/admin/v1/approvals",
  role: "viewer",
  summary: "Calls of an organization that wait for a person, the oldest first",
  parameters: z.strictObject({ organization: organizationSchema }),
  body: NO_BODY,
  response: z.strictObject({ approvals: z.array(approvalSchema) }),
  async handle({ parameters: { organization }, admin }, uses) {
    const found = await uses.approvals.list(organization);
    const requesters = new Requesters(uses.accounts);
    const approvals = await Promise.all(
      found.map(async (approval) => describe(approval, await see(approval, admin, requesters))),
    );
    return { facts: { organization, count: approvals.length }, answer: { status: 200, body: { approvals } } };
  },
});

export const readApproval = defineRoute({
  id: "read_approval",
  method: "GET",
  path: "/admin/v1/approvals/{approval}",
  role: "viewer",
  summary: "One of them, with what it says where policy shows it to you",
  parameters: addressSchema,
  body: NO_BODY,
  response: approvalSchema,
  async handle({ parameters: { approval: id }, admin }, uses) {
    const found = await require(id, uses);
    const { sealedCall } = found.call;
    const seen = await see(found, admin, new Requesters(uses.accounts));
    const isShown = sealedCall !== null && admin.role === "approver" && seen.obstacle === null;
    const text = isShown ? await uses.openCall(sealedCall, found.key) : null;
    return { facts: factsOf(found), answer: { status: 200, body: describe(found, { ...seen, text }) } };
  },
});

export const decideApproval = defineRoute({
  id: "decide_approval",
  method: "POST",
  path: "/admin/v1/approvals/{approval}/decision",
  role: "approver",
  summary: "Approves or denies one call, once; never a call of your own",
  parameters: addressSchema,
  body: z.strictObject({ verdict: z.enum(["approved", "denied"]) }),
  response: approvalSchema,
  async handle({ parameters: { approval: id }, body: { verdict }, admin, trace }, uses) {
    const found = await require(id, uses);
    const facts = { ...factsOf(found), action: verdict };
    const requesters = new Requesters(uses.accounts);
    const who = { approver: approverOf(admin), isRequester: await requesters.includes(found.call, admin) };
    const decide = async (dryRun: boolean): Promise<void> => {
      const result = await uses.approvals.decide({ id, verdict, ...who, trace, dryRun });
      if (result !== "decided") throw new AdminRejected(REFUSAL_OF[result], { facts });
    };
    // What is known to fail is not recorded as done; the decision itself looks again.
    await decide(true);
    const change = async () => {
      await decide(false);
      const decided = await require(id, uses);
      return { status: 200, body: describe(decided, await see(decided, admin, requesters)) };
    };
    return { facts, change };
  },
});

const REFUSAL_OF = {
  unknown: "admin_approval_unknown",
  over: "admin_approval_over",
  own_request: "admin_approval_own",
  not_an_approver: "admin_approver_not_named",
  unidentified: "admin_approver_unidentified",
} as const satisfies Record<Exclude<DecisionResult, "decided" | "backlogged">, AdminRefusal>;

async function require(id: string, { approvals }: AdminDependencies): Promise<Approval> {
  const found = await approvals.find(id);
  if (found !== null) return found;
  throw new AdminRejected("admin_approval_unknown", { facts: { organization: organizationOf(id) } });
}

function factsOf({ id, call }: Approval) {
  return { organization: call.organization, approval_id: id };
}

function approverOf({ name, groups, subjects }: Approver): Approver {
  return { name, groups, subjects };
}

/** What one administrator may know of an approval. */
interface Seen {
  readonly obstacle: DecisionObstacle | null;
  readonly text: string | null;
}

async function see({ call }: Approval, admin: Approver, requesters: Requesters): Promise<Seen> {
  return { obstacle: findObstacle(call, admin, await requesters.includes(call, admin)), text: null };
}

function describe(approval: Approval, { obstacle, text }: Seen): z.input<typeof approvalSchema> {
  const { id, state, call, decidedBy } = approval;
  return {
    id,
    state,
    organization: call.organization,
    requester: call.requester,
    actor: call.actor,
    client_id: call.clientId,
    resource: call.resource,
    tool: call.tool,
    argument_names: [...call.argumentNames],
    call_sha256: call.callSha256,
    call: text,
    rules: [...call.demands],
    asked_at: new Date(approval.askedAtMilliseconds).toISOString(),
    expires_at: new Date(approval.expiresAtMilliseconds).toISOString(),
    decided_by: decidedBy,
    obstacle,
  };
}

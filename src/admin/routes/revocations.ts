import * as z from "zod";
import { type AuditEvent, makeAuditEvent } from "../../audit/audit-event.ts";
import { ORDER_REASON } from "../../revocation/orders.ts";
import { fenceNameOf, membersOf, type Revocable, revocableSchema } from "../../revocation/revocable.ts";
import type { RevocationStatus } from "../../revocation/status.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { isKnownName } from "../known-name.ts";
import { type Answer, type Call, defineRoute, NO_BODY, NO_PARAMETERS } from "../route.ts";

const reachSchema = z.strictObject({
  tokens: z.int().describe("That are good now, as far as their records have arrived"),
  people: z.int(),
  clients: z.int(),
  connections: z.int().describe("Of one client at one server for one organization"),
});

const known = z
  .boolean()
  .nullable()
  .describe(
    "false: no document is of this name, no token was granted by it, and so the order stops nobody yet; null: that cannot be told now",
  );

const statusSchema = z.strictObject({
  version: z.int(),
  in_effect: z.boolean().describe("Nothing is issued against it any more; the gateway follows within 5 s"),
  waiting_for: z.int().describe("Ledgers that could not be told and may still be issuing; 40 s at most"),
  ledgers: z.int().describe("Ledgers that are issuing"),
  people_still_connected: z
    .int()
    .describe("People whose connected accounts could not be ended yet: it is tried again until it is done"),
});
type Status = z.input<typeof statusSchema>;

const orderSchema = z.strictObject({
  what: revocableSchema,
  order: z
    .enum(["block", "sign_in_again", "restore"])
    .describe("block: nothing until restored; sign_in_again: nothing of a sign-in before now; restore: lifts a block"),
  reason: z
    .string()
    .regex(ORDER_REASON, "a word or a ticket: letters, digits, _ . : -")
    .describe("For the audit trail, such as offboarding or INC-1234"),
});
type OrderBody = z.output<typeof orderSchema>;

const fenceSchema = z.strictObject({
  name: z.string(),
  blocked_by: z.array(z.string()),
  sign_in_after: z.iso.datetime().nullable(),
});

export const previewRevocation = defineRoute({
  id: "preview_revocation",
  method: "POST",
  path: "/admin/v1/revocations/preview",
  role: "viewer",
  summary: "What a revocation would reach",
  parameters: NO_PARAMETERS,
  body: z.strictObject({ what: revocableSchema }),
  response: reachSchema.extend({ known }),
  async handle({ body: { what } }, uses) {
    const body = { ...(await reachOf(what, uses)), known: await knownOf(what, uses) };
    return { facts: membersOf(what), answer: { status: 200, body } };
  },
});

/** The effect comes first and its record before the answer: a record that cannot be written must not keep a key alive. */
export const giveRevocation = defineRoute({
  id: "order_revocation",
  method: "POST",
  path: "/admin/v1/revocations",
  role: "operator",
  summary: "Blocks something, ends its sign-ins, or restores it; 202 while a ledger or a vault could not be told yet",
  parameters: NO_PARAMETERS,
  body: orderSchema,
  response: statusSchema.extend({ reach: reachSchema.nullable(), known }),
  async handle(call, uses) {
    const { what, order } = call.body;
    const ordered = await uses.revocations.order([fenceNameOf(what)], order);
    const reach = await reachOf(what, uses).catch(() => null);
    await uses.recorder.record(revocationEvent(call, reach?.tokens ?? null));
    const { status, ...rest } = answerOf(ordered);
    return {
      facts: membersOf(what),
      answer: { ...rest, status, body: { ...rest.body, reach, known: await knownOf(what, uses) } },
    };
  },
});

export const readRevocation = defineRoute({
  id: "read_revocation",
  method: "GET",
  path: "/admin/v1/revocations/{version}",
  role: "viewer",
  summary: "How far a revocation has come",
  parameters: z.strictObject({ version: z.string().regex(/^\d{1,12}$/) }),
  body: NO_BODY,
  response: statusSchema,
  handle: async ({ parameters }, uses) => ({
    answer: answerOf(await uses.revocations.status(Number(parameters.version))),
  }),
});

export const listRevocations = defineRoute({
  id: "list_revocations",
  method: "GET",
  path: "/admin/v1/revocations",
  role: "viewer",
  summary: "What is revoked, the latest first",
  parameters: z.strictObject({
    kind: z
      .string()
      .regex(/^[a-z_]{1,32}$/)
      .optional(),
  }),
  body: NO_BODY,
  response: z.strictObject({ revocations: z.array(fenceSchema) }),
  async handle({ parameters: { kind } }, uses) {
    const fences = await uses.revocations.list(kind === undefined ? "" : `${kind}:`);
    const revocations = fences.map(({ name, blocks, notBeforeMilliseconds: after }) => ({
      name,
      blocked_by: Object.keys(blocks).filter((source) => blocks[source]?.isBlocked === true),
      sign_in_after: after === 0 ? null : new Date(after).toISOString(),
    }));
    return { answer: { status: 200, body: { revocations } } };
  },
});

function answerOf(status: RevocationStatus): Answer<Status> {
  const { version, isEffective, waitingFor, ledgers, peopleStillConnected } = status;
  const told = { version, in_effect: isEffective, waiting_for: waitingFor, ledgers };
  return {
    status: isEffective && peopleStillConnected === 0 ? 200 : 202,
    body: { ...told, people_still_connected: peopleStillConnected },
    headers: { location: `/admin/v1/revocations/${version}` },
  };
}

function reachOf(what: Revocable, uses: AdminDependencies): Promise<z.input<typeof reachSchema>> {
  return uses.countLiveTokens(membersOf(what));
}

/** That nobody can say must not stand in the way of stopping it. */
function knownOf(what: Revocable, uses: AdminDependencies): Promise<boolean | null> {
  return isKnownName(what, uses).catch(() => null);
}

function revocationEvent(
  { admin, trace, body: { what, order, reason } }: Call<unknown, OrderBody>,
  count: number | null,
): AuditEvent {
  return makeAuditEvent(crypto.randomUUID(), trace, {
    ...membersOf(what),
    type: "revocation",
    action: order === "restore" ? "lifted" : "revoked",
    decision: "done",
    reason,
    admin: admin.name,
    operation: order,
    count,
  });
}

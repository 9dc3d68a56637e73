import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { credentialFactsSchema } from "./credential-facts.ts";
import { judgedFactsSchema } from "./judged-facts.ts";
import { AUDIT_ACTIONS, AUDIT_TYPES, isActionOf } from "./audit-type.ts";

const text = z.string().max(LIMITS.auditTextCharacters).nullable().default(null);
/** As long as an assertion may make it: an event that does not fit would take its neighbours to the dead letters. */
const scope = z
  .string()
  .max(LIMITS.scopeTokens * (LIMITS.scopeTokenBytes + 1))
  .nullable()
  .default(null);
const whole = z.int().nullable().default(null);
/** Says something about a person; said so in the published schema, for whoever has to delete, mask or export it. */
const personal = { "x-personal": true } as const;

const members = z.strictObject({
  version: z.literal(1),
  id: z.string().max(64),
  time: z.iso.datetime().describe("ISO 8601, milliseconds, UTC"),
  type: z.enum(AUDIT_TYPES),
  action: z
    .enum(AUDIT_ACTIONS)
    .nullable()
    .default(null)
    .describe("What was done, where the type alone does not say it"),
  decision: z
    .enum(["granted", "refused", "failed", "done"])
    .describe("A refusal is the caller's to mend, a failure is ours; done: nobody asked for a decision"),
  reason: z.string().max(64).nullable().default(null),
  check: z.string().max(64).nullable().default(null).describe("The check that ended it, by its name in redemption.ts"),
  correlation_id: z.string().max(64),
  trace_id: z.string().max(32).nullable().default(null).describe("W3C trace context; the caller may have chosen it"),
  span_id: z
    .string()
    .max(16)
    .nullable()
    .default(null)
    .describe("Of the request in its trace; what it called has it as parent"),
  parent_span_id: z.string().max(16).nullable().default(null).describe("The caller's own, where he sent a traceparent"),
  duration_milliseconds: whole.describe("From the request's arrival until this was recorded"),
  organization: text,
  issuer: text,
  tenant: text,
  subject: text.describe("The subject's identifier at its issuer").meta(personal),
  principal: text.describe("The sub of our access tokens").meta(personal),
  account: text.describe("The subject's account, where its issuer's record demands one").meta(personal),
  actor: text.meta(personal),
  admin: text.describe("Who administers Crossgate; never hashed: whoever changes it answers for it").meta(personal),
  claimed_by: text
    .describe("Configuration: who changed it, by his own word; only where admin names a key as well did it sign that")
    .meta(personal),
  claimed_at: text.describe("Configuration: when he did, by his own word"),
  client_id: text,
  resource: text,
  scope_requested: scope,
  scope_asserted: scope,
  scope_granted: scope,
  authorization_details_types: z
    .array(z.string().max(LIMITS.scopeTokenBytes))
    .max(LIMITS.detailsPerRequest)
    .default([])
    .describe("Types of the authorization_details that were granted (RFC 9396); their contents are not recorded"),
  authorization_details_hash: text.describe("SHA-256 over what was granted of them, base64url"),
  assertion_hash: text.describe("SHA-256 over (issuer, jti), base64url"),
  assertion_use: z
    .enum(["single", "until_expiry"])
    .nullable()
    .default(null)
    .describe("until_expiry where the issuer's record lets its client redeem one assertion again"),
  token_id: text,
  token_kind: z
    .enum(["own", "provider"])
    .nullable()
    .default(null)
    .describe("Gateway: provider where the caller's token was the identity provider's own, which nobody redeemed"),
  token_expires_at: whole,
  bound_to_key: z.boolean().nullable().default(null),
  policy_rules: z.array(z.string().max(64)).max(LIMITS.policyRules).default([]),
  judged: judgedFactsSchema
    .nullable()
    .default(null)
    .describe("What policy was told of the person beside his name, so that it can be asked again")
    .meta(personal),
  guardrails: z
    .array(
      z.strictObject({
        name: z.string().max(64),
        phase: z.enum(["before", "after"]),
        outcome: z.enum(["passed", "redacted", "blocked", "failed"]),
        count: z.int().describe("How much was found; never what"),
      }),
    )
    .max(2 * LIMITS.guardrails)
    .default([])
    .describe("Gateway: what each processor came to; of a subscription, what it was when the stream began"),
  policy_revision: text,
  idp_revision: text,
  client_revision: text,
  resource_revision: text,
  method: text.describe("Gateway: the JSON-RPC method"),
  target: text.describe("Gateway: the tool, prompt or resource that the method names"),
  member: text.describe("Gateway: of a virtual server: the server whose tool was called, or is missing from a list"),
  member_tool: text.describe("Gateway: what the tool is called there"),
  upstream_status: whole,
  credential: credentialFactsSchema
    .nullable()
    .default(null)
    .describe("Gateway: what was presented to the server in place of the caller's token; null: nothing"),
  approval_id: text.describe("Of the approval that the call waited for, or went on with"),
  document_key: text,
  document_path: text.describe("Configuration: the path in the document that does not fit"),
  operation: text.describe("Administration: the operation, by its id in the description of the admin API"),
  revision_before: text,
  revision_after: text,
  key_id: text,
  count: whole.describe("How many: keys of a set, records of an export, live tokens of a revocation"),
  ray: text,
  colo: text,
});

/**
 * One decision, or one deed. A closed schema: there is no free text in it for a token, a secret or a claims set to end
 * up in, and what names an assertion or a token is a hash or our own identifier. Values come from our records and from
 * verified claims only; before the signature holds, only what we looked up ourselves is known.
 */
export const auditEventSchema = members.refine(({ type, action }) => isActionOf(type, action), {
  path: ["action"],
  message: "is none of this type",
});

export type AuditEvent = z.output<typeof auditEventSchema>;

/** Where and when a request met us. */
export interface RequestTrace {
  readonly correlationId: string;
  /** 32 hexadecimal digits: of the caller's `traceparent`, or else ours. */
  readonly traceId: string | null;
  /** The request's own place in it; absent where no request asked. */
  readonly spanId?: string;
  /** Of the caller's `traceparent`. */
  readonly parentSpanId?: string | null;
  readonly receivedAtMilliseconds: number;
  readonly ray: string | null;
  readonly colo: string | null;
}

/** Of what no request asked for. */
export function traceWithoutRequest(nowMilliseconds: number): RequestTrace {
  const correlationId = crypto.randomUUID();
  return { correlationId, traceId: null, receivedAtMilliseconds: nowMilliseconds, ray: null, colo: null };
}

export type AuditFacts = Pick<AuditEvent, "type" | "decision"> & Partial<AuditEvent>;

const ABSENT = Object.fromEntries(
  Object.entries(members.shape)
    .filter(([, member]) => member instanceof z.ZodDefault)
    .map(([name, member]) => [name, member.parse(undefined)]),
) as unknown as Omit<AuditEvent, "version" | "id" | "time" | "type" | "decision" | "correlation_id">;

export function makeAuditEvent(id: string, trace: RequestTrace, facts: AuditFacts): AuditEvent {
  return {
    ...ABSENT,
    version: 1,
    id,
    time: new Date(trace.receivedAtMilliseconds).toISOString(),
    correlation_id: trace.correlationId,
    trace_id: trace.traceId,
    ...(trace.spanId === undefined ? {} : spanOf(trace, trace.spanId)),
    ray: trace.ray,
    colo: trace.colo,
    ...facts,
  };
}

function spanOf({ parentSpanId, receivedAtMilliseconds }: RequestTrace, span_id: string): Partial<AuditEvent> {
  const duration_milliseconds = Math.max(0, Date.now() - receivedAtMilliseconds);
  return { span_id, parent_span_id: parentSpanId ?? null, duration_milliseconds };
}

/**
 * The one spelling in which an event is stored, sent and archived. What is not known is left out: it would be half of
 * every record. Never larger than a queue takes: where a record is far longer than any real one, its texts give way
 * before it does.
 */
export function serializeAuditEvent(event: AuditEvent): string {
  const spelled = spell(event);
  return spelled.length <= LIMITS.auditEventCharacters ? spelled : spell(abridge(event));
}

function spell(event: AuditEvent): string {
  const known = Object.entries(event).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return JSON.stringify(Object.fromEntries(known));
}

const ABRIDGED_CHARACTERS = 256;

function abridge(event: AuditEvent): AuditEvent {
  const entries = Object.entries(event).map(([name, value]) => [
    name,
    typeof value === "string" && value.length > ABRIDGED_CHARACTERS ? `${value.slice(0, ABRIDGED_CHARACTERS)}…` : value,
  ]);
  return { ...event, ...Object.fromEntries(entries), policy_rules: event.policy_rules.slice(0, 16), judged: null };
}

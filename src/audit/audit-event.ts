import * as z from "zod";
import { LIMITS } from "../limits.ts";

const nullableText = z.string().max(LIMITS.auditTextCharacters).nullable();
/** As long as an assertion may make it: an event that does not fit would take its neighbours to the dead letters. */
const nullableScope = z
  .string()
  .max(LIMITS.scopeTokens * (LIMITS.scopeTokenBytes + 1))
  .nullable();

/**
 * One decision. A closed schema: there is no free text in it for a token, a secret or a claims set to end up in, and
 * what names an assertion or a token is a hash or our own identifier. Values come from our records and from verified
 * claims only; before the signature holds, only what we looked up ourselves is known.
 */
export const auditEventSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().max(64),
  /** ISO 8601, milliseconds, UTC. */
  time: z.iso.datetime(),
  type: z.enum(["redemption", "gateway_call", "configuration"]),
  /** A refusal is the caller's to mend; a failure is ours. */
  decision: z.enum(["granted", "refused", "failed"]),
  reason: z.string().max(64).nullable(),
  /** The check that ended it, by its name in redemption.ts. */
  check: z.string().max(64).nullable(),
  correlation_id: z.string().max(64),
  organization: nullableText,
  issuer: nullableText,
  tenant: nullableText,
  /** Personal: the subject's identifier at its issuer. */
  subject: nullableText,
  /** Personal, pseudonymous: the `sub` of our access tokens. */
  principal: nullableText,
  /** Personal where a person acts. */
  actor: nullableText,
  client_id: nullableText,
  resource: nullableText,
  scope_requested: nullableScope,
  scope_asserted: nullableScope,
  scope_granted: nullableScope,
  /** SHA-256 over (issuer, jti), base64url. */
  assertion_hash: nullableText,
  /** "until_expiry" where the issuer's record lets its client redeem one assertion again. */
  assertion_use: z.enum(["single", "until_expiry"]).nullable().default(null),
  token_id: nullableText,
  token_expires_at: z.int().nullable(),
  bound_to_key: z.boolean().nullable(),
  policy_rules: z.array(z.string().max(64)).max(LIMITS.policyRules),
  /** Revisions of the documents that the decision rested on. */
  policy_revision: nullableText,
  idp_revision: nullableText,
  client_revision: nullableText,
  resource_revision: nullableText,
  /** Gateway: the JSON-RPC method and the tool, prompt or resource it names. */
  method: nullableText,
  target: nullableText,
  upstream_status: z.int().nullable(),
  /** Configuration: the document's key and the path in it that does not fit. */
  document_key: nullableText,
  document_path: nullableText,
  ray: nullableText,
  colo: nullableText,
});

export type AuditEvent = z.output<typeof auditEventSchema>;

const ABSENT = {
  reason: null,
  check: null,
  organization: null,
  issuer: null,
  tenant: null,
  subject: null,
  principal: null,
  actor: null,
  client_id: null,
  resource: null,
  scope_requested: null,
  scope_asserted: null,
  scope_granted: null,
  assertion_hash: null,
  assertion_use: null,
  token_id: null,
  token_expires_at: null,
  bound_to_key: null,
  policy_rules: [],
  policy_revision: null,
  idp_revision: null,
  client_revision: null,
  resource_revision: null,
  method: null,
  target: null,
  upstream_status: null,
  document_key: null,
  document_path: null,
} as const satisfies Partial<AuditEvent>;

/** Where and when a request met us. */
export interface RequestTrace {
  readonly correlationId: string;
  readonly receivedAtMilliseconds: number;
  readonly ray: string | null;
  readonly colo: string | null;
}

export type AuditFacts = Pick<AuditEvent, "type" | "decision"> & Partial<AuditEvent>;

export function makeAuditEvent(id: string, trace: RequestTrace, facts: AuditFacts): AuditEvent {
  return {
    version: 1,
    id,
    time: new Date(trace.receivedAtMilliseconds).toISOString(),
    correlation_id: trace.correlationId,
    ray: trace.ray,
    colo: trace.colo,
    ...ABSENT,
    ...facts,
  };
}

/**
 * The one spelling in which an event is stored, sent and archived, and never larger than a queue takes: where a record
 * is far longer than any real one, its texts give way before it does.
 */
export function serializeAuditEvent(event: AuditEvent): string {
  const text = JSON.stringify(event);
  return text.length <= LIMITS.auditEventCharacters ? text : JSON.stringify(abridge(event));
}

const ABRIDGED_CHARACTERS = 256;

function abridge(event: AuditEvent): AuditEvent {
  const entries = Object.entries(event).map(([name, value]) => [
    name,
    typeof value === "string" && value.length > ABRIDGED_CHARACTERS ? `${value.slice(0, ABRIDGED_CHARACTERS)}…` : value,
  ]);
  return { ...event, ...Object.fromEntries(entries), policy_rules: event.policy_rules.slice(0, 16) };
}

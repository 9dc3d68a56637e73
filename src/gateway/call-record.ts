import type { AccessToken } from "../access-token/verify.ts";
import { type AuditEvent, type AuditFacts, makeAuditEvent } from "../audit/audit-event.ts";
import type { Recorder } from "../audit/recorder.ts";
import type { RefusedRequest } from "../audit/refused-request.ts";
import type { CredentialFacts } from "../credentials/supplied.ts";
import type { GuardOutcome } from "../guardrails/guarded-call.ts";
import type { ReceivedTrace } from "../http/trace.ts";
import type { Obligation } from "../policy/obligations.ts";
import { formatScope } from "../policy/scope.ts";
import type { ForwardedServer, ProtectedResource } from "../trust/protected-resource.ts";
import type { Message } from "./message.ts";
import type { CallRefused } from "./refusal.ts";
import { toGatewayError } from "./wire-errors.ts";

/** What is known of a call by the time it ends; the record and the answer are made from it. */
export interface Call {
  readonly request: Request;
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
  readonly trace: ReceivedTrace;
  origin: string | null;
  /** Whose call it is, by a signature of ours. Not: that they may. */
  caller: AccessToken | null;
  message: Message | null;
  /** By what policy the call was decided; null before it was. */
  policyRevision: string | null;
  policyRules: readonly string[];
  /** What the rules that permit it demand besides. */
  obligations: readonly Obligation[];
  /** Whether its session's client leads its user to URLs; in the stateless era each request says so. */
  sessionTakesUrls: boolean;
  /** Whether its client was told before that it is held. */
  hasBeenHeld: boolean;
  /** Of the approval that it waits for, or went on with. */
  approvalId: string | null;
  upstreamStatus: number | null;
  /** What was presented upstream, by its kind; null before. */
  credential: CredentialFacts | null;
  guardrails: readonly GuardOutcome[];
  /** Where a call of a virtual server goes; null for any other, and before that is known. */
  member: { readonly resource: string; readonly tool: string } | null;
}

/** One that goes to a server, be it by a name that another one publishes. */
export type ForwardedCall = Call & { readonly resource: ForwardedServer };

/** Null for a call that was authorized and sent. */
export type CallOutcome = CallRefused["reason"] | "fault" | null;

/** One event a call, once a signature of ours says whose it is; what comes before that is counted, and so is a flood. */
export function account(call: Call, outcome: CallOutcome, recorder: Recorder): void {
  const { caller } = call;
  if (caller === null || outcome === "gateway_rate_limited") {
    return outcome === null ? undefined : recorder.count("gateway", outcome);
  }
  recorder.recordInBackground(eventOf(call, caller, outcome));
}

/** For an authorized call that is told of later, when it is known how it ended. */
export function accountAtEnd(call: Call, outcome: Promise<CallOutcome>, recorder: Recorder): void {
  const { caller } = call;
  if (caller !== null) recorder.recordInBackground(outcome.then((known) => eventOf(call, caller, known)));
}

function eventOf(call: Call, caller: AccessToken, outcome: CallOutcome): AuditEvent {
  const facts = {
    ...callFacts(call),
    ...callerFacts(caller),
    type: "gateway_call",
    reason: outcome,
    decision: outcome === null ? "granted" : decisionOf(outcome),
  } as const;
  return makeAuditEvent(crypto.randomUUID(), call.trace, facts);
}

export function describeRefused({ trace, caller, resource }: Call, reason: Exclude<CallOutcome, null>): RefusedRequest {
  return {
    correlationId: trace.correlationId,
    decision: decisionOf(reason),
    reason,
    check: null,
    clientId: caller?.clientId ?? null,
    resource: resource.resource,
  };
}

function decisionOf(outcome: Exclude<CallOutcome, null>): "refused" | "failed" {
  return toGatewayError(outcome).status >= 500 ? "failed" : "refused";
}

function callFacts(call: Call): Partial<AuditFacts> {
  const { request, message, resource, resourceRevision, upstreamStatus } = call;
  return {
    policy_revision: call.policyRevision,
    policy_rules: [...call.policyRules],
    resource: resource.resource,
    resource_revision: resourceRevision,
    method: message === null ? request.method : message.method || "(response)",
    target: message === null ? null : describeTarget(message),
    member: call.member?.resource ?? null,
    member_tool: call.member?.tool ?? null,
    upstream_status: upstreamStatus,
    approval_id: call.approvalId,
    guardrails: [...call.guardrails],
    credential: describeCredential(call.credential),
  };
}

function describeCredential(facts: CredentialFacts | null): AuditEvent["credential"] {
  if (facts === null || facts.type === "none") return null;
  return { type: facts.type, upstream_host: facts.upstreamHost, kid: facts.kid };
}

/**
 * The name of a tool or prompt as it is. A resource's URI may carry a signature or a token in its query, or be content
 * itself (data:), and a task's id is somebody's handle: of these, only what names a place is recorded.
 */
function describeTarget({ method, target }: Message): string | null {
  if (target === null || !/^(?:resources|tasks)\//.test(method)) return target;
  if (method.startsWith("tasks/") || !URL.canParse(target)) return "(not recorded)";
  const { protocol, host, pathname } = new URL(target);
  return pathname.startsWith("/") ? `${protocol}//${host}${pathname}` : `${protocol}…`;
}

function callerFacts(caller: AccessToken): Partial<AuditFacts> {
  return {
    organization: caller.organization,
    issuer: caller.subject.issuer,
    tenant: caller.subject.tenant,
    subject: caller.subject.sub,
    principal: caller.principal,
    actor: caller.actor,
    client_id: caller.clientId,
    scope_granted: formatScope(caller.scope),
    token_id: caller.tokenId,
    token_kind: caller.kind,
    token_expires_at: caller.expiresAtSeconds,
    bound_to_key: caller.confirmedKey !== null,
  };
}

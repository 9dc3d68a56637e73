import type { AccessToken } from "../access-token/verify.ts";
import { type AuditFacts, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import type { Recorder } from "../audit/recorder.ts";
import { formatScope } from "../policy/scope.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Message } from "./message.ts";
import type { CallRefused } from "./refusal.ts";
import { toGatewayError } from "./wire-errors.ts";

/** What is known of a call by the time it ends; the record and the answer are made from it. */
export interface Call {
  readonly request: Request;
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
  readonly trace: RequestTrace;
  readonly nowSeconds: number;
  origin: string | null;
  token: AccessToken | null;
  message: Message | null;
  upstreamStatus: number | null;
}

/** One event a call, once a signature of ours says whose it is; what comes before that is counted. */
export function account(call: Call, reason: CallRefused["reason"] | "fault" | null, recorder: Recorder): void {
  const { token, trace } = call;
  if (token === null) return reason === null ? undefined : recorder.count("gateway", reason);
  const facts = {
    ...callFacts(call),
    ...callerFacts(token),
    type: "gateway_call",
    reason,
    decision: decisionOf(reason),
  } as const;
  recorder.recordInBackground(makeAuditEvent(crypto.randomUUID(), trace, facts));
}

function decisionOf(reason: CallRefused["reason"] | "fault" | null): "granted" | "refused" | "failed" {
  if (reason === null) return "granted";
  return toGatewayError(reason).status >= 500 ? "failed" : "refused";
}

function callFacts({ request, message, resource, resourceRevision, upstreamStatus }: Call): Partial<AuditFacts> {
  return {
    resource: resource.resource,
    resource_revision: resourceRevision,
    method: message === null ? request.method : message.method || "(response)",
    target: message?.target ?? null,
    upstream_status: upstreamStatus,
  };
}

function callerFacts(token: AccessToken): Partial<AuditFacts> {
  return {
    organization: token.organization,
    issuer: token.subject.issuer,
    tenant: token.subject.tenant,
    subject: token.subject.sub,
    principal: token.principal,
    actor: token.actor,
    client_id: token.clientId,
    scope_granted: formatScope(token.scope),
    token_id: token.tokenId,
    token_expires_at: token.expiresAtSeconds,
    bound_to_key: token.confirmedKey !== null,
  };
}

import { type AuditEvent, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { readBody } from "../egress/bounded-fetch.ts";
import { CORRELATION_HEADER, traceRequest } from "../http/trace.ts";
import { respondEmpty, respondJson } from "../http/respond.ts";
import { LIMITS } from "../limits.ts";
import type { Fence } from "../revocation/fence.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { fenceOf, hasEffect, nameOfEvent } from "./effect.ts";
import { type SignalError, SignalRejected } from "./rejection.ts";
import { type SecurityEvent, type SecurityEventDirectory, verifySecurityEvent } from "./security-event.ts";
import { type SignalSubject, subjectOf } from "./subject.ts";

export interface SignalDependencies extends SecurityEventDirectory {
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  /** Whether the Authorization header is the one that the stream was set up with. */
  readonly isAuthorized: (idp: TrustedIdp, authorization: string) => Promise<boolean>;
  /** Durable when it returns, and counted as this issuer's. @throws Outage */
  readonly join: (fences: readonly Fence[], issuer: string) => Promise<unknown>;
  /** @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

const DESCRIPTIONS: Record<SignalError, string> = {
  invalid_request: "The request is no security event token that can be acted on.",
  invalid_key: "The key or the algorithm of the signature is not acceptable.",
  invalid_issuer: "Security events of this issuer are not received here.",
  invalid_audience: "The security event token is not for this receiver.",
  authentication_failed: "The transmitter could not be authenticated.",
  access_denied: "The transmitter may not speak, or not of this subject.",
};

/**
 * RFC 8935: one security event, pushed by a trusted provider. Answered when its effect and its record are durable. That
 * it comes twice, late or out of order changes nothing (`fence.ts`), so no identifier has to be remembered for that.
 */
export async function handleSignal(request: Request, uses: SignalDependencies): Promise<Response> {
  const trace = traceRequest(request);
  const headers = { [CORRELATION_HEADER]: trace.correlationId } as const;
  try {
    if (request.method !== "POST") return respondJson(405, { err: "invalid_request" }, { ...headers, allow: "POST" });
    if (!(await uses.isNetworkWithinRate(request))) return retryLater(429, LIMITS.rateLimitRetryAfterSeconds, headers);
    await act(await receive(request, trace, uses), trace, uses);
    return respondEmpty(202, headers);
  } catch (error) {
    if (error instanceof SignalRejected) {
      return respondJson(400, { err: error.error, description: DESCRIPTIONS[error.error] }, headers);
    }
    uses.reportFault(trace.correlationId, error);
    if (error instanceof Outage) return retryLater(503, LIMITS.retryAfterSeconds, headers);
    return respondJson(500, { err: "invalid_request" }, headers);
  }
}

type Headers = Readonly<Record<typeof CORRELATION_HEADER, string>>;

function retryLater(status: number, seconds: number, headers: Headers): Response {
  return respondJson(status, {}, { ...headers, "retry-after": String(seconds) });
}

async function receive(request: Request, trace: RequestTrace, uses: SignalDependencies): Promise<SecurityEvent> {
  const [mediaType = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";");
  if (mediaType.trim() !== "application/secevent+jwt") throw new SignalRejected("invalid_request");
  const body = await readBody(request, LIMITS.jwtBytes, LIMITS.requestBodyMilliseconds).catch(() => null);
  if (body === null) throw new SignalRejected("invalid_request");
  const event = await verifySecurityEvent(new TextDecoder().decode(body).trim(), trace.receivedAtMilliseconds, uses);
  const authorization = request.headers.get("authorization") ?? "";
  if (!(await uses.isAuthorized(event.idp, authorization))) throw new SignalRejected("authentication_failed");
  return event;
}

async function act(event: SecurityEvent, trace: RequestTrace, uses: SignalDependencies): Promise<void> {
  if (!hasEffect(event.type)) return;
  const subject = subjectOf(event.subjectId, event.idp);
  const fence = subject === null ? null : fenceOf(subject.fence, event);
  // Recorded all the same: somebody must see that a provider speaks of people whom we cannot find.
  if (fence !== null) await uses.join([fence], event.idp.issuer);
  if (fence !== null || subject === null) await uses.record(describe(event, subject, trace));
}

function describe(event: SecurityEvent, subject: SignalSubject | null, trace: RequestTrace): AuditEvent {
  const name = nameOfEvent(event.type);
  return makeAuditEvent(crypto.randomUUID(), trace, {
    type: "revocation",
    action: name === "account-enabled" ? "lifted" : "revoked",
    decision: subject === null ? "failed" : "done",
    reason: subject === null ? "signal_subject_unresolved" : name,
    operation: name,
    issuer: event.idp.issuer,
    tenant: subject?.tenant ?? null,
    subject: subject?.sub ?? null,
    key_id: event.keyId,
  });
}

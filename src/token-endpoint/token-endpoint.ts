import { type AuditFacts, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import type { Recorder } from "../audit/recorder.ts";
import type { RefusedRequest } from "../audit/refused-request.ts";
import { NOTHING_GRANTED } from "../audit/replay-record.ts";
import { CORRELATION_HEADER, readClockSeconds, traceRequest } from "../http/trace.ts";
import { type ResponseHeaders, respondJson } from "../http/respond.ts";
import { LIMITS } from "../limits.ts";
import { formatScope } from "../policy/scope.ts";
import { auditFacts } from "../redemption/audit-facts.ts";
import type { Consumption, Decided, Dependencies } from "../redemption/dependencies.ts";
import type { Presented } from "../redemption/assertion.ts";
import type { Outcome } from "../redemption/pipeline.ts";
import { redemption } from "../redemption/redemption.ts";
import { Rejected } from "../redemption/rejection.ts";
import type { Receipt, SealedAccessToken } from "../redemption/sealed-access-token.ts";
import { tokenRequest, type TokenRequestDependencies } from "./token-request.ts";
import { isTokenEndpointReason, toWireError } from "./wire-errors.ts";

export interface LedgerEntry {
  readonly decided: Decided;
  readonly event: string;
}

export interface TokenEndpointDependencies extends TokenRequestDependencies {
  readonly redemption: Omit<Dependencies, "consumeAssertion">;
  readonly consumeAssertion: (entry: LedgerEntry) => Promise<Consumption | "revoked">;
  readonly recorder: Recorder;
  readonly currentNonce: (nowSeconds: number) => Promise<string>;
  /** Told the class of what was thrown, never its text. */
  readonly reportFault: (correlationId: string, cause: unknown) => void;
  /** Told of every way out but the granting one. */
  readonly reportRefusedRequest: (refused: RefusedRequest) => void;
}

/** One request: its trace, the id of its one audit event, and what it may use. */
interface Handling {
  readonly trace: RequestTrace;
  readonly attemptId: string;
  readonly nowSeconds: number;
  readonly uses: TokenEndpointDependencies;
}

type Refused = Extract<Outcome<object>, { completed: false }>;

/**
 * POST /token. Every way out passes through `release` or `refuse`, each of which has its record before it answers: the
 * granting one was written with the decision, in the ledger.
 */
export async function handleTokenRequest(request: Request, uses: TokenEndpointDependencies): Promise<Response> {
  const trace = traceRequest(request);
  const nowSeconds = Math.floor(trace.receivedAtMilliseconds / 1000);
  const handling = { trace, nowSeconds, attemptId: crypto.randomUUID(), uses };
  const received = await tokenRequest.run({ request, readClockSeconds, attemptId: handling.attemptId }, uses);
  if (!received.completed) return refuse(received, received.known, handling);
  const outcome = await redeem(received.known.presented, handling);
  return outcome.completed ? release(outcome.known, handling) : refuse(outcome, outcome.known, handling);
}

type Redeemed = Awaited<ReturnType<typeof redemption.run>>;

/**
 * Once more where a document that it rested on has just been edited: nothing has been spent, and what is read anew may
 * decide otherwise. Where that is the record by which the client proved who it is, it is outdated again: 503.
 */
async function redeem(presented: Presented, handling: Handling): Promise<Redeemed> {
  const { uses } = handling;
  const run = (): Promise<Redeemed> =>
    redemption.run(presented, {
      ...uses.redemption,
      consumeAssertion: async (decided) => uses.consumeAssertion(await describeEntry(decided, handling)),
    });
  const outcome = await run();
  return outcome.completed || outcome.reason !== "revocations_outdated" ? outcome : run();
}

/** The record of the grant. Should the ledger find a replay instead, it makes that record from this one. */
async function describeEntry(decided: Decided, { attemptId, trace, uses }: Handling): Promise<LedgerEntry> {
  const facts = { ...auditFacts(decided), type: "redemption", decision: "granted" } as const;
  return { decided, event: await uses.recorder.serialize(makeAuditEvent(attemptId, trace, facts)) };
}

type Released = Decided & { readonly sealed: SealedAccessToken; readonly receipt: Receipt };

function release({ sealed, receipt, contents, resource }: Released, { trace }: Handling): Response {
  const body = {
    access_token: sealed.open(receipt),
    token_type: contents.confirmedKey === null ? "Bearer" : "DPoP",
    expires_in: contents.expiresAtSeconds - contents.issuedAtSeconds,
    scope: formatScope(contents.scope),
    resource: resource.resource,
    // RFC 9396 §7: as granted, which may be less than was asked for.
    ...(contents.authorizationDetails.length === 0 ? {} : { authorization_details: contents.authorizationDetails }),
  };
  return respondJson(200, body, { [CORRELATION_HEADER]: trace.correlationId });
}

async function refuse(refused: Refused, known: Partial<Decided>, handling: Handling): Promise<Response> {
  const { uses, trace } = handling;
  if (refused.kind !== "refusal") uses.reportFault(trace.correlationId, refused.cause);
  try {
    await account(refused, known, handling);
    report(refused, known, handling);
    return await respondRefusal(refused, handling);
  } catch (error) {
    // A refusal that cannot be put on record is not answered as one, and must not vanish without a trace either.
    uses.reportFault(trace.correlationId, error);
    const reason = error instanceof Outage ? error.reason : "fault";
    uses.recorder.count("token", reason);
    report({ reason, kind: "outage", refusedAt: refused.refusedAt }, known, handling);
    return respondRefusal({ reason, cause: error }, handling);
  }
}

function report(
  { reason, kind, refusedAt: check }: Pick<Refused, "reason" | "kind" | "refusedAt">,
  { client, resource }: Partial<Decided>,
  { uses, trace: { correlationId } }: Handling,
): void {
  const decision = kind === "refusal" ? "refused" : "failed";
  const known = { clientId: client?.client_id ?? null, resource: resource?.resource ?? null };
  uses.reportRefusedRequest({ correlationId, decision, reason, check, ...known });
}

/** Which rule said no, and in which text of the policy. */
function denialFacts(cause: unknown): Partial<AuditFacts> {
  const { policyRule = null, policyRevision = null, judged = null } = cause instanceof Rejected ? cause.detail : {};
  if (policyRevision === null) return {};
  return { policy_rules: policyRule === null ? [] : [policyRule], policy_revision: policyRevision, judged };
}

async function account(refused: Refused, known: Partial<Decided>, { uses, trace }: Handling): Promise<void> {
  const { reason, refusedAt } = refused;
  // The ledger has written this one with its decision.
  if (reason === "assertion_replayed") return;
  // A nonce challenge decides nothing, and a record for each request of a flood is what the flood is after.
  const isCounted = reason === "proof_nonce_required" || reason === "client_rate_limited";
  if (known.client === undefined || isCounted) return uses.recorder.count("token", reason);
  const decision = refused.kind === "refusal" ? "refused" : "failed";
  const facts = {
    ...auditFacts(known),
    ...NOTHING_GRANTED,
    ...denialFacts(refused.cause),
    type: "redemption",
    decision,
    reason,
    check: refusedAt,
  } as const;
  // An id of its own: after an outage the ledger may hold a grant under the attempt's.
  await uses.recorder.record(makeAuditEvent(crypto.randomUUID(), trace, facts));
}

type Answerable = Pick<Refused, "reason" | "cause">;

const STATUS_HEADERS: Readonly<Partial<Record<number, ResponseHeaders>>> = {
  401: { "www-authenticate": 'Basic realm="token", charset="UTF-8"' },
  405: { allow: "POST" },
  429: { "retry-after": String(LIMITS.rateLimitRetryAfterSeconds) },
  503: { "retry-after": String(LIMITS.retryAfterSeconds) },
};

async function respondRefusal({ reason, cause }: Answerable, { trace, uses, nowSeconds }: Handling): Promise<Response> {
  const { status, error, description } = toWireError(isTokenEndpointReason(reason) ? reason : "fault");
  const nonce = error === "use_dpop_nonce" ? { "dpop-nonce": await uses.currentNonce(nowSeconds) } : {};
  const headers = { [CORRELATION_HEADER]: trace.correlationId, ...STATUS_HEADERS[status], ...nonce };
  const body = { error, error_description: description, ...stepUpMembers(cause), correlation_id: trace.correlationId };
  return respondJson(status, body, headers);
}

/** RFC 9470 §3, as members: what sign-in at the identity provider has to do better. */
function stepUpMembers(cause: unknown): { readonly acr_values?: string; readonly max_age?: number } {
  const stepUp = cause instanceof Rejected ? (cause.detail.stepUp ?? null) : null;
  return {
    ...(stepUp === null || stepUp.acrValues.length === 0 ? {} : { acr_values: stepUp.acrValues.join(" ") }),
    ...(stepUp === null || stepUp.maximumAgeSeconds === null ? {} : { max_age: stepUp.maximumAgeSeconds }),
  };
}

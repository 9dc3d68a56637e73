import { verifyAccessToken } from "../access-token/verify.ts";
import { makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { respondEmpty, respondJson } from "../http/respond.ts";
import { CORRELATION_HEADER, readClockSeconds, traceRequest } from "../http/trace.ts";
import type { KeySet } from "../jwt/verify.ts";
import { LIMITS } from "../limits.ts";
import { Rejected } from "../redemption/rejection.ts";
import { block, type Fence } from "../revocation/fence.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { Client } from "../trust/client.ts";
import { authenticateClient } from "./client-authentication/authenticate-client.ts";
import { readForm } from "./form.ts";
import type { TokenEndpointDependencies } from "./token-endpoint.ts";
import { isTokenEndpointReason, toWireError } from "./wire-errors.ts";

type Uses = Pick<
  TokenEndpointDependencies,
  | "issuer"
  | "secrets"
  | "findClient"
  | "findClientKey"
  | "isNetworkWithinRate"
  | "isClientWithinRate"
  | "consumeClientAssertion"
  | "recorder"
  | "reportFault"
>;

export interface RevocationEndpointDependencies extends Uses {
  readonly keys: KeySet;
  /** Durable when it returns. @throws Outage */
  readonly join: (fences: readonly Fence[]) => Promise<unknown>;
}

/** RFC 7009: a client ends a token of its own. Whatever else it sends is answered the same, and changes nothing. */
export async function handleRevocationRequest(
  request: Request,
  uses: RevocationEndpointDependencies,
): Promise<Response> {
  const trace = traceRequest(request);
  const headers = { [CORRELATION_HEADER]: trace.correlationId } as const;
  try {
    await revoke(request, trace, uses);
    return respondEmpty(200, headers);
  } catch (error) {
    const isKnown = error instanceof Rejected || error instanceof Outage;
    if (!(error instanceof Rejected)) uses.reportFault(trace.correlationId, error);
    const reason = isKnown && isTokenEndpointReason(error.reason) ? error.reason : "fault";
    uses.recorder.count("token", reason);
    const { status, error: code, description } = toWireError(reason);
    const body = { error: code, error_description: description, correlation_id: trace.correlationId };
    return respondJson(status, body, { ...headers, ...headersOf(status) });
  }
}

function headersOf(status: number): Readonly<Record<Lowercase<string>, string>> {
  if (status === 401) return { "www-authenticate": 'Basic realm="token", charset="UTF-8"' };
  if (status === 405) return { allow: "POST" };
  if (status === 429) return { "retry-after": String(LIMITS.rateLimitRetryAfterSeconds) };
  return status === 503 ? { "retry-after": String(LIMITS.retryAfterSeconds) } : {};
}

async function revoke(request: Request, trace: RequestTrace, uses: RevocationEndpointDependencies): Promise<void> {
  if (request.method !== "POST") throw new Rejected("method_not_post");
  if (!(await uses.isNetworkWithinRate(request))) throw new Rejected("network_rate_limited");
  const form = await readForm(request);
  const nowSeconds = readClockSeconds();
  const authorization = request.headers.get("authorization");
  const { client, spendable } = await authenticateClient({ authorization, form, nowSeconds }, uses);
  const { client_id: clientId } = client.document;
  if (!(await uses.isClientWithinRate(clientId))) throw new Rejected("client_rate_limited");
  if (spendable !== null && (await uses.consumeClientAssertion(clientId, spendable)) === "replayed") {
    throw new Rejected("client_assertion_replayed");
  }
  const token = form.get("token");
  if (token === undefined) throw new Rejected("form_malformed");
  await end(token, client.document, { trace, nowSeconds, uses });
}

interface Handling {
  readonly trace: RequestTrace;
  readonly nowSeconds: number;
  readonly uses: RevocationEndpointDependencies;
}

/** For whichever resource it is: what counts is that we signed it, and for this client. */
async function end(token: string, client: Client, { trace, nowSeconds, uses }: Handling): Promise<void> {
  const expected = { issuer: uses.issuer, audience: "", nowSeconds };
  const { token: known } = await verifyAccessToken(token, uses.keys, expected);
  if (known === null || known.clientId !== client.client_id || known.expiresAtSeconds <= nowSeconds) return;
  const word = { atMilliseconds: nowSeconds * 1000, isBlocked: true };
  const fence = block(fenceName("token", known.tokenId), "operator", word);
  const keptUntilSeconds = known.expiresAtSeconds + LIMITS.clockToleranceMaximumSeconds;
  await uses.join([{ ...fence, expiresAtMilliseconds: keptUntilSeconds * 1000 }]);
  const { tokenId: token_id, principal, organization, subject } = known;
  const facts = { token_id, principal, organization, issuer: subject.issuer, subject: subject.sub };
  await uses.recorder.record(
    makeAuditEvent(crypto.randomUUID(), trace, {
      ...facts,
      type: "revocation",
      action: "revoked",
      decision: "done",
      reason: "client_request",
      client_id: client.client_id,
    }),
  );
}

import { Outage, type Reason } from "../audit/reason.ts";
import { type ResponseHeaders, respondJson } from "../http/respond.ts";
import { CORRELATION_HEADER, readClockSeconds, type ReceivedTrace, traceRequest } from "../http/trace.ts";
import { LIMITS } from "../limits.ts";
import { Rejected } from "../redemption/rejection.ts";
import type { Client } from "../trust/client.ts";
import { authenticateClient } from "./client-authentication/authenticate-client.ts";
import { type Form, readForm } from "./form.ts";
import type { TokenEndpointDependencies } from "./token-endpoint.ts";
import { isTokenEndpointReason, toWireError } from "./wire-errors.ts";

/** What it takes to know which client asks, wherever it asks. */
export type ClientRequestDependencies = Pick<
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

/** A request about a token, by a client that has proved who it is. */
export interface ClientRequest {
  readonly client: Client;
  /** What it is about (RFC 7009 §2.1, RFC 7662 §2.1). A `token_type_hint` beside it hints at nothing that we need. */
  readonly token: string;
  readonly headers: Headers;
  readonly trace: ReceivedTrace;
  readonly nowSeconds: number;
}

type Answer = (request: ClientRequest, headers: ResponseHeaders) => Promise<Response>;

/** The same road for each endpoint at which a client shows a token: method, rate, form, client; then what is its own. */
export async function answerClient(
  request: Request,
  uses: ClientRequestDependencies,
  answer: Answer,
): Promise<Response> {
  const trace = traceRequest(request);
  const headers = { [CORRELATION_HEADER]: trace.correlationId } as const;
  try {
    return await answer(await admit(request, trace, uses), headers);
  } catch (error) {
    const isKnown = error instanceof Rejected || error instanceof Outage;
    if (!(error instanceof Rejected)) uses.reportFault(trace.correlationId, error);
    const reason: Reason = isKnown && isTokenEndpointReason(error.reason) ? error.reason : "fault";
    uses.recorder.count("token", reason);
    const { status, error: code, description } = toWireError(reason);
    const body = { error: code, error_description: description, correlation_id: trace.correlationId };
    return respondJson(status, body, { ...headers, ...headersOf(status) });
  }
}

async function admit(request: Request, trace: ReceivedTrace, uses: ClientRequestDependencies): Promise<ClientRequest> {
  if (request.method !== "POST") throw new Rejected("method_not_post");
  if (!(await uses.isNetworkWithinRate(request))) throw new Rejected("network_rate_limited");
  const form = await readForm(request);
  const nowSeconds = readClockSeconds();
  const client = await authenticate(request, { form, nowSeconds }, uses);
  const token = form.get("token");
  if (token === undefined) throw new Rejected("form_malformed");
  return { client, token, headers: request.headers, trace, nowSeconds };
}

async function authenticate(
  { headers }: Request,
  presented: { readonly form: Form; readonly nowSeconds: number },
  uses: ClientRequestDependencies,
): Promise<Client> {
  const presentation = { ...presented, authorization: headers.get("authorization") };
  const { client, spendable } = await authenticateClient(presentation, uses);
  const { client_id: clientId } = client.document;
  if (!(await uses.isClientWithinRate(clientId))) throw new Rejected("client_rate_limited");
  if (spendable !== null && (await uses.consumeClientAssertion(clientId, spendable)) === "replayed") {
    throw new Rejected("client_assertion_replayed");
  }
  return client.document;
}

function headersOf(status: number): ResponseHeaders {
  if (status === 401) return { "www-authenticate": 'Basic realm="token", charset="UTF-8"' };
  if (status === 405) return { allow: "POST" };
  if (status === 429) return { "retry-after": String(LIMITS.rateLimitRetryAfterSeconds) };
  return status === 503 ? { "retry-after": String(LIMITS.retryAfterSeconds) } : {};
}

import type { AccessToken } from "../access-token/verify.ts";
import { Outage } from "../audit/reason.ts";
import type { Recorder } from "../audit/recorder.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import { respondJson } from "../http/respond.ts";
import { CORRELATION_HEADER, traceRequest } from "../http/trace.ts";
import { LIMITS } from "../limits.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { type BearerDependencies, requireAccessToken } from "./bearer.ts";
import { account, type Call } from "./call-record.ts";
import { challenge } from "./challenge.ts";
import { allowOrigin, requireAllowedOrigin, respondPreflight } from "./cors.ts";
import { forward, responseHeaders } from "./forward.ts";
import { type Message, readMessage } from "./message.ts";
import { requireAgreement, STATELESS_VERSION } from "./mirrored-headers.ts";
import { requirePermitted } from "./operation.ts";
import { CallRefused } from "./refusal.ts";
import type { Sessions } from "./session.ts";
import { toGatewayError } from "./wire-errors.ts";

export interface GatewayDependencies extends BearerDependencies {
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly isClientWithinRate: (clientId: string) => Promise<boolean>;
  readonly sessions: Sessions;
  readonly egress: EgressRules;
  readonly recorder: Recorder;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

/** @returns the answer of an MCP server behind this gateway, or null when no server has this URL. */
export async function handleGatewayRequest(request: Request, uses: GatewayDependencies): Promise<Response | null> {
  const trace = traceRequest(request);
  const found = await findServer(request, uses);
  if (found === null || !found.document.enabled) return null;
  const nowSeconds = Math.floor(trace.receivedAtMilliseconds / 1000);
  const call: Call = {
    request,
    resource: found.document,
    resourceRevision: found.revision,
    trace,
    nowSeconds,
    origin: null,
    token: null,
    message: null,
    upstreamStatus: null,
  };
  const response = await answer(call, uses);
  response.headers.set(CORRELATION_HEADER, trace.correlationId);
  allowOrigin(response.headers, call.origin);
  return response;
}

/** By the exact URL. A server at the origin itself may be written with or without its slash. */
async function findServer(
  request: Request,
  { findResource }: GatewayDependencies,
): Promise<Revised<ProtectedResource> | null> {
  const { origin, pathname } = new URL(request.url);
  const found = await findResource(`${origin}${pathname}`);
  return found === null && pathname === "/" ? findResource(origin) : found;
}

async function answer(call: Call, uses: GatewayDependencies): Promise<Response> {
  try {
    call.origin = requireAllowedOrigin(call.request, call.resource);
    if (call.request.method === "OPTIONS" && call.origin !== null) return respondPreflight(call.origin);
    const response = await authorizeAndForward(call, uses);
    account(call, null, uses.recorder);
    return response;
  } catch (error) {
    return refuse(call, error, uses);
  }
}

/** Nothing reaches the upstream before every line above `forward` has passed (MCP: validate before processing). */
async function authorizeAndForward(call: Call, uses: GatewayDependencies): Promise<Response> {
  const { request, resource } = call;
  if (!["POST", "GET", "DELETE"].includes(request.method)) throw new CallRefused("method_not_allowed");
  const token = await requireAccessToken(call, uses);
  call.token = token;
  if (!(await uses.isClientWithinRate(token.clientId))) throw new CallRefused("gateway_rate_limited");
  if (request.method === "POST") call.message = await readMessage(request);
  if (call.message !== null) {
    requireAgreement(request.headers, call.message);
    requirePermitted(call.message, resource, token.scope);
  }
  return forwardInSession(call, token, uses);
}

async function forwardInSession(call: Call, token: AccessToken, uses: GatewayDependencies): Promise<Response> {
  const { request, resource, message } = call;
  const holder = { principal: token.principal, clientId: token.clientId, resource: resource.resource };
  const presented = request.headers.get("mcp-session-id");
  const upstreamSessionId = presented === null ? null : await uses.sessions.resolve(presented, holder);
  if (presented !== null && upstreamSessionId === null) throw new CallRefused("session_unknown");
  const response = await forward({
    request,
    upstream: resource.upstream,
    rules: uses.egress,
    body: message?.text ?? null,
    upstreamSessionId,
    endsAtMilliseconds: request.method === "GET" ? token.expiresAtSeconds * 1000 : null,
  });
  call.upstreamStatus = response.status;
  const headers = responseHeaders(response);
  const issued = response.headers.get("mcp-session-id");
  if (issued !== null) headers.set("mcp-session-id", await uses.sessions.issue(issued, holder));
  return new Response(response.body, { status: response.status, headers });
}

function refuse(call: Call, error: unknown, uses: GatewayDependencies): Response {
  const reason = classify(error);
  if (reason === "fault") uses.reportFault(call.trace.correlationId, error);
  if (error instanceof CallRefused) call.token ??= error.caller;
  account(call, reason, uses.recorder);
  const wire = toGatewayError(reason);
  // Before 2026-07-28 a 403 or 404 says something about token or session; "no such method" is an ordinary answer.
  const isLegacyList = reason === "operation_unknown" && isAskedOfLegacyServer(call);
  if (isLegacyList) return respondError(200, { code: -32_601, message: "Method not found" }, call.message);
  const response = respondError(wire.status, wire, call.message);
  if (wire.challenge !== null) response.headers.set("www-authenticate", challengeFor(call, error, wire.challenge));
  if (wire.status === 503) response.headers.set("retry-after", String(LIMITS.retryAfterSeconds));
  if (wire.status === 429) response.headers.set("retry-after", String(LIMITS.rateLimitRetryAfterSeconds));
  if (wire.status === 405) response.headers.set("allow", "POST, GET, DELETE");
  return response;
}

function isAskedOfLegacyServer({ request, message }: Call): boolean {
  const isStateless = request.headers.get("mcp-protocol-version") === STATELESS_VERSION;
  return message?.kind === "request" && message.target === null && !isStateless;
}

function challengeFor({ resource }: Call, error: unknown, code: string): string {
  const scopes = error instanceof CallRefused ? error.neededScopes : [];
  return challenge(resource, { error: code === "none" ? null : code, scopes });
}

function respondError(status: number, error: { code: number; message: string }, message: Message | null): Response {
  const { code, message: text } = error;
  return respondJson(status, { jsonrpc: "2.0", id: message?.id ?? null, error: { code, message: text } });
}

function classify(error: unknown): CallRefused["reason"] | "fault" {
  return error instanceof CallRefused || error instanceof Outage ? error.reason : "fault";
}

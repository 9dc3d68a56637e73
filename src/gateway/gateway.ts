import { Outage } from "../audit/reason.ts";
import type { Recorder } from "../audit/recorder.ts";
import type { RefusedRequest } from "../audit/refused-request.ts";
import { CORRELATION_HEADER, type ReceivedTrace, traceRequest } from "../http/trace.ts";
import { listedBy } from "../policy/operation.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { announceChanges } from "./announced-changes.ts";
import type { AuthorizationDependencies, Caller } from "./authorization.ts";
import { authorize, requireUsableTool } from "./authorize-call.ts";
import { type Authorization, type BearerDependencies, requireAccessToken } from "./bearer.ts";
import { CallGuards, type GuardDependencies } from "./call-guards.ts";
import { account, type Call, type CallOutcome, describeRefused, type ForwardedCall } from "./call-record.ts";
import { allowOrigin, requireAllowedOrigin, respondPreflight } from "./cors.ts";
import { respondError, respondRefusal } from "./error-response.ts";
import { requireEra } from "./era.ts";
import { withoutOurAnswer } from "./connection-response.ts";
import type { CredentialDependencies } from "./credential.ts";
import {
  forwardInSession,
  isSubscription,
  prepare,
  type SessionDependencies,
  takeBackState,
} from "./forward-in-session.ts";
import { filterResponse, type Viewer } from "./list-response.ts";
import { readMessage } from "./message.ts";
import { requireAgreement } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";
import { ToolGate, type ToolGateDependencies } from "./tool-gate.ts";
import { Upstream } from "./upstream.ts";
import { answerVirtually, type VirtualServerDependencies } from "./virtual/virtual-server.ts";

export interface GatewayDependencies
  extends
    BearerDependencies,
    AuthorizationDependencies,
    ToolGateDependencies,
    CredentialDependencies,
    GuardDependencies,
    SessionDependencies,
    VirtualServerDependencies {
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly recorder: Recorder;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
  /** Told of every way out but the granting one. */
  readonly reportRefusedRequest: (refused: RefusedRequest) => void;
}

/** @returns the answer of an MCP server behind this gateway, or null when no server has this URL. */
export async function handleGatewayRequest(request: Request, uses: GatewayDependencies): Promise<Response | null> {
  const trace = traceRequest(request);
  const response = await route(request, trace, uses);
  response?.headers.set(CORRELATION_HEADER, trace.correlationId);
  return response;
}

async function route(request: Request, trace: ReceivedTrace, uses: GatewayDependencies): Promise<Response | null> {
  const { correlationId } = trace;
  try {
    const found = await findServer(request, uses);
    if (found?.document.enabled === true) return await answer(beginCall(request, trace, found), uses);
    uses.reportRefusedRequest({ ...NOBODY, correlationId, decision: "refused", reason: "server_unknown" });
    return null;
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    uses.recorder.count("gateway", error.reason);
    uses.reportRefusedRequest({ ...NOBODY, correlationId, decision: "failed", reason: error.reason });
    return respondError(error.reason, null);
  }
}

const NOBODY = { check: null, clientId: null, resource: null };

/**
 * By the exact URL. A path that the parser would still change, by its dot segments or backslashes, is no server's: what
 * stands before us and judges by paths may not change it. A server at the origin itself may come with or without slash.
 */
async function findServer(
  request: Request,
  { findResource }: GatewayDependencies,
): Promise<Revised<ProtectedResource> | null> {
  const { origin, pathname } = new URL(request.url);
  const [writtenPath] = request.url.replace(/^[^:]+:\/\/[^/\\?#]*/, "").split(/[?#]/, 1);
  if (writtenPath !== pathname) return null;
  const found = await findResource(`${origin}${pathname}`);
  return found === null && pathname === "/" ? findResource(origin) : found;
}

function beginCall(request: Request, trace: ReceivedTrace, { document, revision }: Revised<ProtectedResource>): Call {
  return {
    request,
    resource: document,
    resourceRevision: revision,
    trace,
    origin: null,
    caller: null,
    message: null,
    policyRevision: null,
    policyRules: [],
    obligations: [],
    sessionTakesUrls: false,
    hasBeenHeld: false,
    approvalId: null,
    upstreamStatus: null,
    credential: null,
    guardrails: [],
    member: null,
  };
}

async function answer(call: Call, uses: GatewayDependencies): Promise<Response> {
  const response = await authorizeAndForward(call, uses).catch((error: unknown) => refuse(call, error, uses));
  allowOrigin(response.headers, call.origin);
  return response;
}

/** Nothing reaches the upstream before every line above `forward` has passed (MCP: validate before processing). */
async function authorizeAndForward(call: Call, uses: GatewayDependencies): Promise<Response> {
  const { request, resource } = call;
  call.origin = requireAllowedOrigin(request, resource);
  if (request.method === "OPTIONS" && call.origin !== null) return respondPreflight(request);
  if (!["POST", "GET", "DELETE"].includes(request.method)) throw new CallRefused("method_not_allowed");
  const authorization = await requireAccessToken(call, uses);
  if (request.method === "POST") call.message = await readMessage(request);
  if (call.message !== null) requireEra(request.headers, call.message);
  if (call.message !== null) requireAgreement(request.headers, call.message);
  if (call.message !== null) await takeBackState(call, call.message, authorization.token, uses);
  const caller = await authorize(call, authorization.token, uses);
  if (resource.virtual !== undefined) {
    return answerVirtually({ call, server: resource, message: call.message, caller, authorization }, uses);
  }
  return forwardCall(Object.assign(call, { resource }), { caller, authorization }, uses);
}

interface Authorized {
  readonly caller: Caller;
  readonly authorization: Authorization;
}

async function forwardCall(
  call: ForwardedCall,
  { caller, authorization }: Authorized,
  uses: GatewayDependencies,
): Promise<Response> {
  const { token } = authorization;
  const tools = await ToolGate.open(call, caller, uses);
  const guards = CallGuards.open(call, token, uses);
  const prepared = await prepare(call, token, uses);
  const upstream = new Upstream(call, authorization, uses);
  const toolCall = { call, caller, tools, forwarding: prepared, upstream };
  const inputSchema = await requireUsableTool(toolCall);
  if (guards !== null && (await guards.guardSent(inputSchema))) {
    // What was taken out of the message may have been what permitted it.
    await authorize(call, token, uses);
    await requireUsableTool(toolCall);
  }
  const forwarding = { ...prepared, body: call.message === null ? null : withoutOurAnswer(call.message).text };
  const response = await forwardInSession({ call, token, forwarding, upstream }, uses);
  const viewer = { caller, tools, upstreamSessionId: forwarding.upstreamSessionId };
  const shown = await showPermitted(call, response, viewer);
  if (guards === null) account(call, null, uses.recorder);
  const passed = guards === null ? shown : await guards.guardAnswered(shown, isSubscription(call));
  return isSubscription(call) ? announceChanges(passed, { call, token, viewer, uses }) : passed;
}

/** By which a server says what it can do. */
const INTRODUCTIONS: ReadonlySet<string> = new Set(["initialize", "server/discover"]);

/** The answer without what the caller may not use, where it is a list, or a stream that may be bringing one again. */
function showPermitted(call: Call, response: Response, viewer: Viewer): Response | Promise<Response> {
  const { message } = call;
  const isList = message !== null && (listedBy(message.method) !== null || INTRODUCTIONS.has(message.method));
  return isList || isSubscription(call) ? filterResponse(response, viewer) : response;
}

function refuse(call: Call, error: unknown, uses: GatewayDependencies): Response {
  const reason = error instanceof CallRefused || error instanceof Outage ? error.reason : "fault";
  if (!(error instanceof CallRefused)) uses.reportFault(call.trace.correlationId, error);
  const refusal = error instanceof CallRefused ? error : null;
  if (refusal !== null) call.upstreamStatus = refusal.upstreamStatus;
  if (refusal?.policyRule) call.policyRules = [refusal.policyRule];
  const outcome = outcomeOf(call, reason);
  account(call, outcome, uses.recorder);
  if (outcome !== null) uses.reportRefusedRequest(describeRefused(call, outcome));
  return respondRefusal(call, reason, refusal);
}

/** That nobody waited for the answer is no failure of the upstream: the call was authorized, and it was sent. */
function outcomeOf({ request }: Call, reason: CallOutcome): CallOutcome {
  return reason === "upstream_unreachable" && request.signal.aborted ? null : reason;
}

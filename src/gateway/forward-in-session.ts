import type { AccessToken } from "../access-token/verify.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import { type ApprovalDependencies, requireApproval } from "./approval.ts";
import type { BearerDependencies } from "./bearer.ts";
import { type CallLimitDependencies, Running } from "./call-limits.ts";
import type { Call, ForwardedCall } from "./call-record.ts";
import { initializesWithUrls } from "./client-capabilities.ts";
import { type Forwarding, responseHeaders } from "./forward.ts";
import { type Holder, openState } from "./held-state.ts";
import type { Message } from "./message.ts";
import { CallRefused } from "./refusal.ts";
import type { Sessions } from "./session.ts";
import type { Sender } from "./upstream.ts";
import { endWhen } from "./watched-stream.ts";

/** What it takes to carry an authorized call to its server, and its answer back. */
export interface SessionDependencies
  extends Pick<BearerDependencies, "isRevoked">, ApprovalDependencies, CallLimitDependencies {
  readonly sessions: Sessions;
  readonly egress: EgressRules;
}

/** @throws CallRefused for a session that is not this caller's */
export async function prepare(call: ForwardedCall, token: AccessToken, uses: SessionDependencies): Promise<Forwarding> {
  const { request, resource, message, trace } = call;
  const presented = request.headers.get("mcp-session-id");
  const session = presented === null ? null : await uses.sessions.resolve(presented, holderOf(token, resource));
  if (presented !== null && session === null) throw new CallRefused("session_unknown");
  call.sessionTakesUrls = session?.takesUrls === true;
  return {
    request,
    trace,
    upstream: resource.upstream,
    rules: uses.egress,
    body: message?.text ?? null,
    upstreamSessionId: session?.upstreamId ?? null,
    endsAtMilliseconds: isSubscription(call) ? token.expiresAtSeconds * 1000 : null,
  };
}

function holderOf({ principal, clientId }: AccessToken, { resource }: ProtectedResource): Holder {
  return { principal, clientId, resource };
}

/** What a client brings back of a held call is between it and us: the server sees the call as it was. */
export async function takeBackState(
  call: Call,
  message: Message,
  token: AccessToken,
  { heldStates }: SessionDependencies,
): Promise<void> {
  const returned = await openState(message, holderOf(token, call.resource), heldStates);
  call.message = returned.message;
  call.hasBeenHeld = returned.hasBeenHeld;
}

interface Sending {
  readonly call: Call;
  readonly token: AccessToken;
  readonly forwarding: Forwarding;
  readonly upstream: Sender;
}

export async function forwardInSession(
  { call, token, forwarding, upstream }: Sending,
  uses: SessionDependencies,
): Promise<Response> {
  const running = new Running(uses);
  try {
    await running.enter(call, token);
    return running.until(await sendWhenApproved({ call, token, forwarding, upstream, running }, uses));
  } catch (error) {
    running.leave();
    throw error;
  }
}

async function sendWhenApproved(
  { call, token, forwarding, upstream, running }: Sending & { readonly running: Running },
  uses: SessionDependencies,
): Promise<Response> {
  const { message } = call;
  const isHeld = message !== null && call.obligations.some(({ approval }) => approval !== undefined);
  const count = (): Promise<void> => running.count(call, token);
  const isCounted = call.obligations.some(({ rate }) => rate !== undefined);
  if (!isHeld) await count();
  const response = await (isHeld
    ? upstream.sendOnce(forwarding, () =>
        requireApproval({ call, token, message, count: isCounted ? count : null }, uses),
      )
    : upstream.send(forwarding));
  call.upstreamStatus = response.status;
  await requireStillGood(token, response, uses);
  const headers = responseHeaders(response);
  const issued = response.headers.get("mcp-session-id");
  const holder = holderOf(token, call.resource);
  const takesUrls = message !== null && initializesWithUrls(message);
  const sessionId = issued === null ? null : await uses.sessions.issue({ upstreamId: issued, takesUrls }, holder);
  if (sessionId !== null) headers.set("mcp-session-id", sessionId);
  const passedOn = new Response(response.body, { status: response.status, headers });
  return isStream(response) ? endWhen(passedOn, () => uses.isRevoked(token.fenced)) : passedOn;
}

/** A tool may have taken its time, and its caller may be gone since. */
async function requireStillGood(token: AccessToken, { body }: Response, uses: SessionDependencies): Promise<void> {
  const isRevoked = await uses.isRevoked(token.fenced).catch(async (error: unknown) => {
    await body?.cancel();
    throw error;
  });
  if (!isRevoked) return;
  await body?.cancel();
  throw new CallRefused("token_revoked");
}

function isStream({ headers, body }: Response): boolean {
  return body !== null && headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true;
}

/** A stream that lasts as long as its client likes, in either era: it must not outlast the token that opened it. */
export function isSubscription({ request, message }: Call): boolean {
  return request.method === "GET" || message?.method === "subscriptions/listen";
}

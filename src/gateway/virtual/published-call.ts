import { isObject } from "../../jwt/strict-json.ts";
import type { Scope } from "../../policy/scope.ts";
import { findPublished, type PublishedTool } from "../../trust/virtual-server.ts";
import { authorize, requireUsableTool } from "../authorize-call.ts";
import { CallGuards, type GuardDependencies } from "../call-guards.ts";
import { account, type ForwardedCall } from "../call-record.ts";
import { withoutOurAnswer } from "../connection-response.ts";
import { forwardInSession, type SessionDependencies } from "../forward-in-session.ts";
import { type Message, withParams } from "../message.ts";
import { isStateless } from "../mirrored-headers.ts";
import { CallRefused } from "../refusal.ts";
import { STATELESS_VERSION } from "../revisions.ts";
import { ToolGate, type ToolGateDependencies } from "../tool-gate.ts";
import { whenEnded } from "../watched-stream.ts";
import type { AuthorizationDependencies } from "../authorization.ts";
import type { Asked } from "./asked.ts";
import { authorizeThrough, findMember, type MemberDependencies } from "./member.ts";
import { progressTokenOf, translateAnswer } from "./member-answer.ts";
import { type ConnectionDependencies, MemberConnection } from "./member-connection.ts";
import { headersForMember, messageForMember, withoutOwnMeta } from "./member-message.ts";

export interface PublishedCallDependencies
  extends
    MemberDependencies,
    ConnectionDependencies,
    AuthorizationDependencies,
    ToolGateDependencies,
    GuardDependencies,
    Omit<SessionDependencies, keyof ConnectionDependencies> {}

/**
 * The call as it was authorized, by the name that is published, and the same call as its member is to have it. Policy,
 * limits and approvals look at the one; the member's pins, guardrails and credential at the other.
 */
export async function callPublished(asked: Asked, uses: PublishedCallDependencies): Promise<Response> {
  const { call, server, message } = asked;
  const published = findPublished(server.virtual, message.target ?? "");
  if (published === null) throw new CallRefused("operation_unknown");
  call.member = { resource: published.server, tool: published.tool };
  const member = await findMember(published.server, server, uses);
  const authorization = authorizeThrough(asked.authorization, member);
  const reached: ForwardedCall = { ...call, resource: member.document, resourceRevision: member.revision };
  const connection = new MemberConnection(reached, authorization, uses);
  try {
    const version = await connection.learnVersion();
    const { scope } = asked.authorization.token;
    const through = { ...asked, authorization, scope, published, reached, connection, version };
    return await sendThrough(through, uses);
  } catch (error) {
    call.credential = reached.credential;
    connection.close();
    throw error;
  }
}

interface Through extends Asked {
  readonly published: PublishedTool;
  /** Of the token, at the virtual server. */
  readonly scope: Scope;
  /** Its credential is noted here. */
  readonly reached: ForwardedCall;
  readonly connection: MemberConnection;
  readonly version: string;
}

async function sendThrough(through: Through, uses: PublishedCallDependencies): Promise<Response> {
  const { call, message, authorization, reached, connection, version } = through;
  const { token } = authorization;
  const memberCall = writeFor(through);
  const caller = { ...through.caller, resource: reached.resource };
  const tools = await ToolGate.open(memberCall, caller, uses);
  const guards = CallGuards.open(memberCall, token, uses, call);
  const usable = {
    call,
    caller: through.caller,
    tools,
    forwarding: forwardingOf(memberCall, uses),
    upstream: connection,
  };
  const inputSchema = await requireUsableTool(usable);
  if (guards !== null && (await guards.guardSent(inputSchema))) {
    // What was taken out of the message may have been what permitted it.
    call.message = takeOver(message, memberCall.message);
    await authorize(call, { ...token, scope: through.scope }, uses);
    await requireUsableTool(usable);
  }
  const forwarding = forwardingOf(memberCall, uses);
  const response = await forwardInSession({ call, token, forwarding, upstream: connection }, uses);
  call.credential = reached.credential;
  const answering = {
    message,
    isClientStateless: isStateless(call.request.headers, message),
    isMemberStateless: version === STATELESS_VERSION,
    progressToken: progressTokenOf(message),
  };
  const answer = whenEnded(await translateAnswer(response, answering), () => connection.close(), uses.outlast);
  if (guards !== null) return guards.guardAnswered(answer, false);
  account(call, null, uses.recorder);
  return answer;
}

/** The call in its member's terms: its headers repeat its body and nothing that the caller's did. */
function writeFor({ call, reached, message, published, version }: Through): ForwardedCall {
  const { request } = call;
  const written = messageForMember(withoutOurAnswer(message), published, version);
  const headers = headersForMember(request.headers, written, version);
  const own = new Request(request.url, { method: "POST", headers, signal: request.signal });
  return { ...reached, message: written, request: own };
}

function forwardingOf({ request, resource, trace, message }: ForwardedCall, uses: ConnectionDependencies) {
  return {
    request,
    trace,
    upstream: resource.upstream,
    rules: uses.egress,
    body: message?.text ?? null,
    upstreamSessionId: null,
    endsAtMilliseconds: null,
  };
}

/** What the member's guardrails have left of what was sent. */
function takeOver(message: Message, guarded: Message | null): Message {
  const params = { ...message.params };
  for (const name of ["arguments", "inputResponses"]) {
    const left = guarded?.params[name];
    if (isObject(left)) params[name] = left;
  }
  const [given, left] = [params["_meta"], guarded?.params["_meta"]];
  if (isObject(given) && isObject(left)) params["_meta"] = { ...given, ...withoutOwnMeta(left) };
  return withParams(message, params);
}

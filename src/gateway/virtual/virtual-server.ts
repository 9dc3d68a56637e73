import { respondJson } from "../../http/respond.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { account } from "../call-record.ts";
import { initializesWithUrls } from "../client-capabilities.ts";
import { isSubscription } from "../forward-in-session.ts";
import type { Message } from "../message.ts";
import { isStateless } from "../mirrored-headers.ts";
import { CallRefused } from "../refusal.ts";
import { STATELESS_VERSION } from "../revisions.ts";
import type { VirtualRequest } from "./asked.ts";
import { openChangeStream } from "./change-stream.ts";
import { discoverResult, initializeResult } from "./introduction.ts";
import { callPublished, type PublishedCallDependencies } from "./published-call.ts";
import { listPublished, type PublishedToolsDependencies } from "./published-tools.ts";

export interface VirtualServerDependencies extends PublishedCallDependencies, PublishedToolsDependencies {}

/**
 * A server of ours, behind which there are others: it answers for itself what says who it is, and asks its members for
 * what they alone have. Its sessions hold nothing, and so end nowhere. @throws CallRefused, Outage
 */
export async function answerVirtually(asked: VirtualRequest, uses: VirtualServerDependencies): Promise<Response> {
  const { call, message } = asked;
  const isOfStatelessEra = message !== null && isStateless(call.request.headers, message);
  // Since 2026-07-28 the header of a session says nothing, and `initialize` is no more.
  if (!isOfStatelessEra) await takeUpSession(asked, uses);
  else if (message.kind === "request") requireStatelessEra(message);
  if (message?.method === "tools/call" && message.kind === "request") return callPublished({ ...asked, message }, uses);
  const response = isSubscription(call) ? openChangeStream(asked, uses) : await answerItself(asked, uses);
  account(call, null, uses.recorder);
  return response;
}

async function answerItself(asked: VirtualRequest, uses: VirtualServerDependencies): Promise<Response> {
  const { message } = asked;
  if (message === null) return respondEmpty(204);
  if (message.kind === "response") throw new CallRefused("message_malformed");
  if (message.kind === "notification") return respondEmpty(202);
  const response = respondJson(200, { jsonrpc: "2.0", id: message.id, result: await resultOf(asked, message, uses) });
  if (message.method === "initialize") response.headers.set("mcp-session-id", await beginSession(asked, message, uses));
  return response;
}

async function resultOf(asked: VirtualRequest, message: Message, uses: VirtualServerDependencies): Promise<JsonObject> {
  const { server, call } = asked;
  const described = { document: server, revision: call.resourceRevision };
  if (message.method === "initialize") return initializeResult(described, message.params);
  if (message.method === "server/discover") return discoverResult(described);
  if (message.method === "ping") return {};
  if (message.method === "tools/list") return listPublished({ ...asked, message }, uses);
  throw new CallRefused("operation_unknown");
}

/** @throws CallRefused for a session that is not this caller's */
async function takeUpSession({ call, authorization: { token } }: VirtualRequest, uses: VirtualServerDependencies) {
  const presented = call.request.headers.get("mcp-session-id");
  if (presented === null) return;
  const holder = { principal: token.principal, clientId: token.clientId, resource: call.resource.resource };
  const session = await uses.sessions.resolve(presented, holder);
  if (session === null) throw new CallRefused("session_unknown");
  call.sessionTakesUrls = session.takesUrls;
}

/** A name that says whose it is, and how its client wants to be asked; there is nothing else to remember. */
async function beginSession(
  { call, authorization: { token } }: VirtualRequest,
  message: Message,
  { sessions }: VirtualServerDependencies,
): Promise<string> {
  const holder = { principal: token.principal, clientId: token.clientId, resource: call.resource.resource };
  const session = { upstreamId: crypto.randomUUID(), takesUrls: initializesWithUrls(message) };
  return (await sessions.issue(session, holder)) ?? "";
}

function requireStatelessEra({ protocolVersion, method }: Message): void {
  if (protocolVersion !== STATELESS_VERSION) throw new CallRefused("protocol_version_unsupported");
  if (method === "initialize") throw new CallRefused("operation_unknown");
}

function respondEmpty(status: 202 | 204): Response {
  return new Response(null, { status, headers: { "cache-control": "no-store" } });
}

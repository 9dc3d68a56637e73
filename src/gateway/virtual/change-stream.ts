import { isObject, type JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { announceChanges } from "../announced-changes.ts";
import type { AuthorizationDependencies } from "../authorization.ts";
import type { BearerDependencies } from "../bearer.ts";
import { type Message, withParams } from "../message.ts";
import type { ToolGateDependencies } from "../tool-gate.ts";
import { endWhen } from "../watched-stream.ts";
import type { VirtualRequest } from "./asked.ts";
import type { MemberDependencies } from "./member.ts";

const encoder = new TextEncoder();

export interface ChangeStreamDependencies
  extends Pick<BearerDependencies, "isRevoked">, AuthorizationDependencies, ToolGateDependencies, MemberDependencies {}

/** What a stream begins and ends with. */
interface Frame {
  readonly first: string;
  readonly last: string;
}

/**
 * A stream on which a virtual server says that its list is another one now, and nothing else, until the token that opened
 * it ends: for a client with sessions whoever has it, since then whoever asks.
 */
export function openChangeStream(asked: VirtualRequest, uses: ChangeStreamDependencies): Response {
  const { call, message, caller, authorization } = asked;
  const { token } = authorization;
  const honored = message === null ? null : honoredOf(message);
  const frame = message === null || honored === null ? null : frameOf(message, honored);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  const idle = new Response(idleBody(frame, token.expiresAtSeconds * 1000), { headers });
  const watched = endWhen(idle, () => uses.isRevoked(token.fenced));
  const heard = message === null || honored === null ? null : withParams(message, { notifications: honored });
  const viewer = { caller, tools: null, upstreamSessionId: null };
  return announceChanges(watched, { call: { ...call, message: heard }, token, viewer, uses });
}

/** Of what may be followed, a virtual server has its list of tools. */
function honoredOf({ params }: Message): JsonObject {
  const { notifications } = params;
  const isAsked = isObject(notifications) && notifications["toolsListChanged"] === true;
  return isAsked ? { toolsListChanged: true } : {};
}

/**
 * MCP 2026-07-28, subscriptions: what comes first, and says what will come; and the result, when the stream has had its
 * time. Whoever is cut off because they may not follow any more gets none.
 */
function frameOf({ id }: Message, notifications: JsonObject): Frame {
  const _meta = { "io.modelcontextprotocol/subscriptionId": id };
  const params = { notifications, _meta };
  return {
    first: eventOf({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params }),
    last: eventOf({ jsonrpc: "2.0", id, result: { resultType: "complete", _meta } }),
  };
}

function eventOf(message: object): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

/** With a comment now and then: what lies between ends connections on which nothing moves. */
function idleBody(frame: Frame | null, endsAtMilliseconds: number): ReadableStream<Uint8Array> {
  let alive: ReturnType<typeof setInterval> | null = null;
  let end: ReturnType<typeof setTimeout> | null = null;
  const stop = (): void => {
    if (alive !== null) clearInterval(alive);
    if (end !== null) clearTimeout(end);
  };
  return new ReadableStream({
    start(controller) {
      if (frame !== null) controller.enqueue(encoder.encode(frame.first));
      alive = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), LIMITS.streamAliveMilliseconds);
      const close = (): void => {
        stop();
        if (frame !== null) controller.enqueue(encoder.encode(frame.last));
        controller.close();
      };
      end = setTimeout(close, Math.max(0, endsAtMilliseconds - Date.now()));
    },
    cancel: stop,
  });
}

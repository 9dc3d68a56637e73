import { isObject, type JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { announceChanges } from "../announced-changes.ts";
import { type Message, withParams } from "../message.ts";
import { endWhen } from "../watched-stream.ts";
import type { VirtualRequest, VirtualServerDependencies } from "./virtual-server.ts";

const encoder = new TextEncoder();

/**
 * A stream on which a virtual server says that its list is another one now, and nothing else, until the token that opened
 * it ends: for a client with sessions whoever has it, since then whoever asks.
 */
export function openChangeStream(asked: VirtualRequest, uses: VirtualServerDependencies): Response {
  const { call, message, caller, authorization } = asked;
  const { token } = authorization;
  const honored = message === null ? null : honoredOf(message);
  const first = message === null || honored === null ? null : acknowledgement(message, honored);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  const idle = new Response(idleBody(first, token.expiresAtSeconds * 1000), { headers });
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

/** MCP 2026-07-28, subscriptions: what comes first, and says what will come. */
function acknowledgement({ id }: Message, notifications: JsonObject): string {
  const params = { notifications, _meta: { "io.modelcontextprotocol/subscriptionId": id } };
  return `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params })}\n\n`;
}

/** With a comment now and then: what lies between ends connections on which nothing moves. */
function idleBody(first: string | null, endsAtMilliseconds: number): ReadableStream<Uint8Array> {
  let alive: ReturnType<typeof setInterval> | null = null;
  let end: ReturnType<typeof setTimeout> | null = null;
  const stop = (): void => {
    if (alive !== null) clearInterval(alive);
    if (end !== null) clearTimeout(end);
  };
  return new ReadableStream({
    start(controller) {
      if (first !== null) controller.enqueue(encoder.encode(first));
      alive = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), LIMITS.streamAliveMilliseconds);
      const close = (): void => {
        stop();
        controller.close();
      };
      end = setTimeout(close, Math.max(0, endsAtMilliseconds - Date.now()));
    },
    cancel: stop,
  });
}

import { respondJson } from "../http/respond.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { initializesWithUrls, takesUrls } from "./client-capabilities.ts";
import { type Message, withParams } from "./message.ts";
import { isStateless } from "./mirrored-headers.ts";
import { toGatewayError } from "./wire-errors.ts";

/** A person has to connect an account, or connect it anew, at a page of ours. */
export interface Disconnected {
  readonly reason: "connection_required" | "connection_lost";
  readonly url: string;
}

interface Asked {
  readonly headers: Headers;
  readonly message: Message;
  /** In the era of sessions: whether the client said in `initialize` that it can send people to an address. */
  readonly sessionTakesUrls: boolean;
}

/** What we ask under, in a map whose other keys are the upstream's. */
const INPUT_KEY = "crossgate/connect";
/** Of MCP 2025-11-25; 2026-07-28 forbids it. */
const URL_ELICITATION_REQUIRED = -32_042;
/** MCP 2026-07-28, multi round-trip requests: the only methods that may be answered with a question. */
const MULTI_ROUND_TRIP: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

/**
 * The address, in the way that the client says it can take it: URL elicitation of its era; else as the result of the tool,
 * which its model reads and can show; else in an error. Who has been asked once in this request is not asked again, since
 * a client answers when its user has opened the address and not when he has come back. The address is no secret: it
 * helps nobody but the person it was made for.
 */
export function respondDisconnected(asked: Asked, disconnected: Disconnected): Response {
  const { headers, message } = asked;
  const isModern = isStateless(headers, message);
  if (isModern && MULTI_ROUND_TRIP.has(message.method) && takesUrls(message) && !hasBeenAsked(message)) {
    return respondResult(message, askForInput(message, disconnected));
  }
  if (!isModern && (asked.sessionTakesUrls || initializesWithUrls(message)))
    return respondElicitation(message, disconnected);
  if (message.method !== "tools/call") return respondConnectError(message, disconnected);
  const content = [{ type: "text", text: `${sentenceOf(disconnected)} ${disconnected.url}` }];
  return respondResult(message, { ...(isModern ? { resultType: "complete" } : {}), content, isError: true });
}

function hasBeenAsked({ params }: Message): boolean {
  const responses = params["inputResponses"];
  return isObject(responses) && Object.hasOwn(responses, INPUT_KEY);
}

/** A state of the upstream's goes back to it as it came, when the client comes back. */
function askForInput({ params }: Message, disconnected: Disconnected): object {
  const { requestState } = params;
  const elicitation = { mode: "url", message: sentenceOf(disconnected), url: disconnected.url };
  return {
    resultType: "input_required",
    inputRequests: { [INPUT_KEY]: { method: "elicitation/create", params: elicitation } },
    ...(typeof requestState === "string" ? { requestState } : {}),
  };
}

function respondElicitation(message: Message, disconnected: Disconnected): Response {
  const text = sentenceOf(disconnected);
  const elicitation = { mode: "url", elicitationId: crypto.randomUUID(), url: disconnected.url, message: text };
  const error = { code: URL_ELICITATION_REQUIRED, message: text, data: { elicitations: [elicitation] } };
  return respondJson(200, { jsonrpc: "2.0", id: message.id, error });
}

/** 200: to some clients another status is a broken connection, and what is in the body is lost. */
function respondConnectError(message: Message, { reason, url }: Disconnected): Response {
  const { code, message: text } = toGatewayError(reason);
  return respondJson(200, { jsonrpc: "2.0", id: message.id, error: { code, message: text, data: { reason, url } } });
}

function respondResult(message: Message, result: object): Response {
  return respondJson(200, { jsonrpc: "2.0", id: message.id, result });
}

function sentenceOf({ reason }: Disconnected): string {
  return reason === "connection_required"
    ? "Your own account at this server is needed. Connect it here, then call again:"
    : "The connection to your account at this server was lost. Connect it again here, then call again:";
}

/** Without the answer to our own question, of which the upstream knows nothing. */
export function withoutOurAnswer(message: Message): Message {
  if (!hasBeenAsked(message)) return message;
  const { inputResponses, ...others } = message.params;
  const { [INPUT_KEY]: _, ...responses } = inputResponses as JsonObject;
  const params = Object.keys(responses).length === 0 ? others : { ...others, inputResponses: responses };
  return withParams(message, params);
}

import { readBody } from "../egress/bounded-fetch.ts";
import { AmbiguousJson, decodeUtf8, isObject, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { CallRefused } from "./refusal.ts";
import { isSpelledExactly, spellingsOf } from "./spelling.ts";

export type MessageId = string | number | null;

/** One JSON-RPC message, read strictly. */
export interface Message {
  readonly kind: "request" | "notification" | "response";
  readonly id: MessageId;
  /** Empty for a response. */
  readonly method: string;
  /** The tool, prompt, resource or task that the message names; null where its method names none. */
  readonly target: string | null;
  /** Empty where there are none, and for a response. */
  readonly params: JsonObject;
  /** `_meta["io.modelcontextprotocol/protocolVersion"]` of the stateless era. */
  readonly protocolVersion: string | null;
  /** What goes upstream: written anew from what was read, so that what is forwarded is what was authorized. */
  readonly text: string;
}

/**
 * Members whose case differs are one member to Go's encoding/json: refused in the envelope, in `params`, and wherever in
 * `arguments` a rule's condition could look.
 */
const MESSAGE_BOUNDS = {
  depth: LIMITS.messageDepth,
  members: LIMITS.messageMembers,
  foldCaseDepth: LIMITS.messageDepth,
};
const ENVELOPE = new Set(["method", "params", "result", "error"]);
const TARGET_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["resources/subscribe", "uri"],
  ["resources/unsubscribe", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/result", "taskId"],
  ["tasks/cancel", "taskId"],
]);
/** What we or a server read of `params`, by its folded spelling. */
const PARAMETERS = spellingsOf([
  "name",
  "arguments",
  "uri",
  "ref",
  "argument",
  "context",
  "taskId",
  "task",
  "cursor",
  "notifications",
  "inputResponses",
  "requestState",
  "requestId",
  "progressToken",
  "_meta",
]);
const NAME = /^[\x21-\x7e]+$/;
const PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion";

/** @throws CallRefused: batches, repeated members, unknown envelope members, two readings of any kind */
export async function readMessage(request: Request): Promise<Message> {
  const mediaType = request.headers.get("content-type") ?? "";
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(mediaType)) throw new CallRefused("message_media_type");
  const bytes = await readBody(request, LIMITS.gatewayBodyBytes, LIMITS.requestBodyMilliseconds).catch(() => {
    throw new CallRefused("message_malformed");
  });
  if (bytes === null) throw new CallRefused("message_too_large");
  return parseMessage(bytes);
}

/** `readMessage` for what has been read. @throws CallRefused */
export function parseMessage(bytes: Uint8Array): Message {
  return interpret(parse(bytes));
}

/** The same message with other parameters, as it then goes upstream. */
export function withParams(message: Message, params: JsonObject): Message {
  return { ...message, params, text: JSON.stringify({ ...(JSON.parse(message.text) as JsonObject), params }) };
}

function parse(bytes: Uint8Array): JsonObject {
  try {
    return parseStrictObject(decodeUtf8(bytes), MESSAGE_BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJson) throw new CallRefused("message_malformed");
    throw error;
  }
}

function interpret(message: JsonObject): Message {
  const id = readId(message);
  const common = { id, text: JSON.stringify(message) };
  if (message["method"] === undefined) return { ...common, ...readResponse(message) };
  return { ...common, kind: "id" in message ? "request" : "notification", ...readCall(message) };
}

function readId({ jsonrpc, id, ...members }: JsonObject): MessageId {
  const isEnvelope = jsonrpc === "2.0" && Object.keys(members).every((member) => ENVELOPE.has(member));
  if (!isEnvelope) throw new CallRefused("message_malformed");
  if (id === undefined || typeof id === "string" || typeof id === "number") return id ?? null;
  throw new CallRefused("message_malformed");
}

function readCall(message: JsonObject): Pick<Message, "method" | "target" | "params" | "protocolVersion"> {
  const { method, params = {} } = message;
  const isCall = typeof method === "string" && isName(method) && !("result" in message) && !("error" in message);
  if (!isCall || !isObject(params) || !isSpelledExactly(params, PARAMETERS)) throw new CallRefused("message_malformed");
  if (!isArguments(params["arguments"])) throw new CallRefused("message_malformed");
  return { method, target: readTarget(method, params), params, protocolVersion: readVersion(params) };
}

/** A client's answer to a server's request, in the era of sessions. */
function readResponse(message: JsonObject): Omit<Message, "id" | "text"> {
  const isResponse = "id" in message && !("params" in message) && "result" in message !== "error" in message;
  if (!isResponse) throw new CallRefused("message_malformed");
  return { kind: "response", method: "", target: null, params: {}, protocolVersion: null };
}

/** By name, wherever there are any: a server that found a list or a text there would make of it what it likes. */
function isArguments(given: JsonObject[string]): boolean {
  if (given === undefined || given === null) return true;
  // A member to one server, and to another what all members that are absent come from.
  return isObject(given) && !Object.hasOwn(given, "__proto__");
}

function readTarget(method: string, params: JsonObject): string | null {
  const member = TARGET_MEMBERS.get(method);
  if (member === undefined) return null;
  const target = params[member];
  // In one era it must be there and in the other there is no such method: era.ts says which.
  if (target === undefined && /^resources\/(?:un)?subscribe$/.test(method)) return null;
  // A resource's URI and a task's id may hold anything; the name of a tool or prompt is what rules are written about.
  const fits = typeof target === "string" && target.isWellFormed() && (member !== "name" || isName(target));
  if (!fits || target.length > LIMITS.urlBytes) throw new CallRefused("message_malformed");
  return target;
}

function isName(text: string): boolean {
  return NAME.test(text) && text.length <= LIMITS.identifierBytes;
}

function readVersion(params: JsonObject): string | null {
  const meta = params["_meta"];
  const version = isObject(meta) ? meta[PROTOCOL_VERSION] : undefined;
  return typeof version === "string" ? version : null;
}

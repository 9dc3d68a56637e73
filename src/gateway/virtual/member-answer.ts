import { readBody } from "../../egress/bounded-fetch.ts";
import { parseLossless } from "../../jwt/lossless-json.ts";
import { decodeUtf8, isObject, type Json, type JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { canBeAsked } from "../client-capabilities.ts";
import type { LastData } from "../event-stream.ts";
import type { Message, MessageId } from "../message.ts";
import { isEventStream, rewriteEventBody } from "../message-stream.ts";
import { CallRefused } from "../refusal.ts";
import { isAnswerSpelledExactly } from "../spelling.ts";
import { toGatewayError } from "../wire-errors.ts";

export interface Answering {
  /** The call, as its caller sent it. */
  readonly message: Message;
  readonly isClientStateless: boolean;
  readonly isMemberStateless: boolean;
  /** By which the caller knows news of this call; null where he has asked for none. */
  readonly progressToken: string | number | null;
}

/** What news says, by its method; all else that a member may announce is between it and us. */
const NEWS: ReadonlyMap<string, readonly string[]> = new Map([
  ["notifications/progress", ["progressToken", "progress", "total", "message"]],
  ["notifications/message", ["level", "logger", "data"]],
]);

export function progressTokenOf({ params }: Message): Answering["progressToken"] {
  const { _meta: meta } = params;
  const token = isObject(meta) ? meta["progressToken"] : null;
  return typeof token === "string" || typeof token === "number" ? token : null;
}

/**
 * A member's answer to a call in the terms of its caller's era. What is neither the answer nor news of its progress is
 * not passed on: a question would be answered to us, where no session of the member's is. @throws CallRefused; a stream
 * ends with an error instead
 */
export async function translateAnswer(response: Response, answering: Answering): Promise<Response> {
  const { body, status } = response;
  const headers = headersOf(response);
  if (isRefusal(response, answering)) {
    await body?.cancel();
    throw new CallRefused("upstream_answer_malformed", { upstreamStatus: status });
  }
  const translated = isEventStream(response)
    ? rewriteEventBody(body ?? emptyBody(), (data) => translateEvent(data, answering), LIMITS.listResultBytes)
    : await translateText(response, answering);
  return new Response(translated, { status, headers });
}

/** To a client of the era of sessions a 404 would say that its own session is over, and an older error is none of it. */
function isRefusal({ status, body }: Response, { isClientStateless, isMemberStateless }: Answering): boolean {
  return body === null || (status >= 300 && !(isClientStateless && isMemberStateless));
}

function headersOf({ headers: given }: Response): Headers {
  const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  for (const name of ["content-type", "retry-after", "x-accel-buffering"]) {
    const value = given.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

async function translateText({ body, status }: Response, answering: Answering): Promise<string> {
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, LIMITS.listResultBytes, LIMITS.upstreamAnswerMilliseconds).catch(() => {
    throw new CallRefused("upstream_unreachable", { upstreamStatus: status });
  });
  const message = bytes === null ? null : parse(() => decodeUtf8(bytes));
  const translated = message === null || "method" in message ? null : translateResponse(message, answering);
  if (translated === null) throw new CallRefused("upstream_answer_malformed", { upstreamStatus: status });
  return JSON.stringify(translated);
}

function translateEvent(data: string, answering: Answering): string | LastData | null {
  // An event without content, which primes a client for coming back (MCP 2025-11-25, transports).
  if (data.trim() === "") return data;
  const message = parse(() => data);
  const isNotice = message !== null && typeof message["method"] === "string" && !("id" in message);
  if (isNotice) return translateNews(message, answering);
  const translated = message === null || "method" in message ? null : translateResponse(message, answering);
  if (translated !== null) return { last: JSON.stringify(translated) };
  const { code, message: text } = toGatewayError("upstream_answer_malformed");
  return { last: JSON.stringify({ jsonrpc: "2.0", id: answering.message.id, error: { code, message: text } }) };
}

/** Written anew, so that it says nothing in another spelling. @returns "" for what is no news of this call */
function translateNews({ method, params }: JsonObject, { progressToken }: Answering): string {
  const members = NEWS.get(typeof method === "string" ? method : "");
  if (members === undefined || !isObject(params)) return "";
  const isProgress = method === "notifications/progress";
  if (isProgress && (progressToken === null || !isSame(params["progressToken"], progressToken))) return "";
  const said = members.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]] as const]));
  return JSON.stringify({ jsonrpc: "2.0", method, params: Object.fromEntries(said) });
}

/** @returns null for what does not answer this call, or not in a way that its caller could go on from. */
function translateResponse(message: JsonObject, answering: Answering): JsonObject | null {
  const { id, result, error } = message;
  if (!isSame(id, answering.message.id)) return null;
  if (!isAnswerSpelledExactly(message)) return null;
  const envelope = { jsonrpc: "2.0", id: answering.message.id };
  if (!isObject(result)) return isObject(error) ? { ...envelope, error } : null;
  const { resultType = "complete", ...others } = result;
  if (resultType !== "complete" && !isQuestion(resultType, others["inputRequests"], answering)) return null;
  return { ...envelope, result: { ...(answering.isClientStateless ? { resultType } : {}), ...others } };
}

/** One that its client could answer, and has said that it can. */
function isQuestion(resultType: Json, inputRequests: Json | undefined, answering: Answering): boolean {
  const isPassed = resultType === "input_required" && answering.isMemberStateless && answering.isClientStateless;
  return isPassed && canBeAsked(answering.message, inputRequests);
}

/** A number was read as the text that it is. */
function isSame(stated: JsonObject[string], ours: MessageId): boolean {
  return JSON.stringify(stated) === JSON.stringify(ours);
}

function parse(textOf: () => string): JsonObject | null {
  try {
    const message = parseLossless(textOf());
    return isObject(message) ? message : null;
  } catch {
    return null;
  }
}

import { type EgressRules, findUrlFlaw } from "../egress/url-policy.ts";
import { openUpstream } from "../egress/upstream.ts";
import { type ContinuedTrace, continueTrace } from "../http/trace.ts";
import { LIMITS } from "../limits.ts";
import { readChallenges } from "../oauth-client/challenge.ts";
import { CallRefused } from "./refusal.ts";
import { quoteError } from "./upstream-error.ts";

export interface Forwarding {
  readonly request: Request;
  readonly trace: ContinuedTrace;
  readonly upstream: string;
  readonly rules: EgressRules;
  /** The message as authorized; null for GET and DELETE. */
  readonly body: string | null;
  /** The upstream's own session id; null outside a session. */
  readonly upstreamSessionId: string | null;
  /** When a stream must end, however alive it is. */
  readonly endsAtMilliseconds: number | null;
}

/**
 * Everything that goes upstream is named here; all else stays behind: the caller's token and proof, cookies, and every
 * header in which a proxy asserts who somebody is (RFC 9700 §4.13). Spelled with a dash: an underscore or a dot in a
 * header's name is how such assertions get smuggled.
 */
const REQUEST_HEADERS = [
  "accept",
  "accept-language",
  "last-event-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
];
/** RFC 9110 §5.5, without obs-text. */
const PRINTABLE = /^[\t\x20-\x7e]*$/;
const RESPONSE_HEADERS = ["content-type", "mcp-protocol-version", "retry-after", "x-accel-buffering"];

/** A tool's argument, repeated by the client (MCP 2026-07-28, x-mcp-header): passed on as it is. */
export function isForwardedParameter(headerName: string): boolean {
  return /^mcp-param-[a-z0-9-]+$/.test(headerName);
}

/**
 * @param credential ours, in lower case: it wins over whatever else would be in these headers.
 * @returns the upstream's answer, its body untouched and unread but for an error's. @throws CallRefused
 */
export async function forward(forwarding: Forwarding, credential: ReadonlyMap<string, string>): Promise<Response> {
  if (findUrlFlaw(forwarding.upstream, forwarding.rules) !== null) throw new CallRefused("upstream_unreachable");
  const { method, signal } = forwarding.request;
  const response = await openUpstream(forwarding.upstream, {
    method,
    headers: requestHeaders(forwarding, credential),
    body: forwarding.body,
    clientSignal: signal,
    answerWithinMilliseconds: LIMITS.upstreamAnswerMilliseconds,
    endsAtMilliseconds: forwarding.endsAtMilliseconds,
  });
  if (response === null) throw new CallRefused("upstream_unreachable");
  const refusal = findFlaw(response, method);
  if (refusal === null && !isWithoutContent(response, method)) {
    return response.status < 400 ? response : quoteError(response, { upstream: forwarding.upstream, credential });
  }
  await response.body?.cancel();
  if (refusal !== null) throw new CallRefused(refusal, { upstreamStatus: response.status });
  return withoutContent(response);
}

/** Accepted notifications, ended sessions and pages for people say nothing to an MCP client: the body is dropped. */
function isWithoutContent(response: Response, method: string): boolean {
  const { status, headers } = response;
  if (status >= 400) return !isReadable(response);
  return method === "DELETE" || status === 202 || status === 204 || headers.get("content-length") === "0";
}

function withoutContent({ status, headers }: Response): Response {
  const described = new Headers(headers);
  described.delete("content-type");
  return new Response(null, { status, headers: described });
}

/** Without a `traceparent` that reads, `tracestate` belongs to no trace (W3C Trace Context §4.3). */
function isForwarded(name: string, { trace }: Forwarding): boolean {
  if (name === "tracestate") return trace.traceFlags !== null;
  return REQUEST_HEADERS.includes(name) || isForwardedParameter(name);
}

function requestHeaders(forwarding: Forwarding, credential: ReadonlyMap<string, string>): Headers {
  const { request, body, upstreamSessionId, trace } = forwarding;
  const headers = new Headers({ "accept-encoding": "identity" });
  let length = 0;
  request.headers.forEach((value, name) => {
    if (!isForwarded(name, forwarding)) return;
    // The runtime has made U+FFFD of raw bytes by now, or of one letter two: it would be another value upstream.
    if (!PRINTABLE.test(value)) throw new CallRefused("message_malformed");
    length += name.length + value.length;
    headers.set(name, value);
  });
  // Refused and not left out: a call without one of its headers would be another call.
  if (length > LIMITS.gatewayHeaderBytes) throw new CallRefused("message_too_large");
  headers.set("traceparent", continueTrace(trace));
  if (body !== null) headers.set("content-type", "application/json");
  if (upstreamSessionId !== null) headers.set("mcp-session-id", upstreamSessionId);
  for (const [name, value] of credential) headers.set(name, value);
  return headers;
}

/** An upstream's 401 or 403 is about our credential; passed on, it would send the client off to authorize again. */
function findFlaw(response: Response, method: string): CallRefused["reason"] | null {
  const { status, body } = response;
  // A status that no response can be made of, such as 101 or 999, is no answer.
  if (status < 200 || status > 599) return "upstream_refused";
  if (status >= 300 && status < 400) return "upstream_redirect";
  if (status === 401 || status === 403 || status === 407) return refusalOf(response);
  const isContent = status < 300 && !isWithoutContent(response, method) && body !== null;
  return isContent && !isReadable(response) ? "upstream_media_type" : null;
}

/** What its challenge says is wanted of us (RFC 6750 §3.1, RFC 9470 §3); of its words no other one is told. */
function refusalOf({ headers }: Response): CallRefused["reason"] {
  const errors = readChallenges(headers.get("www-authenticate")).map(({ parameters }) => parameters.get("error"));
  if (errors.includes("insufficient_user_authentication")) return "upstream_authentication_insufficient";
  return errors.includes("insufficient_scope") ? "upstream_scope_insufficient" : "upstream_refused";
}

function isReadable({ headers }: Response): boolean {
  const [mediaType = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  return ["application/json", "text/event-stream"].includes(mediaType.trim());
}

/** What comes back down: the body as it streams, and the headers that mean something to an MCP client. */
export function responseHeaders(response: Response): Headers {
  const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  for (const name of RESPONSE_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

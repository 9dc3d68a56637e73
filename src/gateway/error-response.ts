import { respondJson } from "../http/respond.ts";
import { LIMITS } from "../limits.ts";
import type { Call, CallOutcome } from "./call-record.ts";
import { challenge } from "./challenge.ts";
import { respondDisconnected } from "./connection-response.ts";
import { respondHeld } from "./held-answer.ts";
import type { Message } from "./message.ts";
import { isStateless } from "./mirrored-headers.ts";
import type { CallRefused } from "./refusal.ts";
import { STATELESS_VERSION } from "./revisions.ts";
import { toGatewayError } from "./wire-errors.ts";

type Reason = Exclude<CallOutcome, null>;

/** The answer to a refused call: a JSON-RPC error by its id, and where a token would help, what kind of token. */
export function respondRefusal(call: Call, reason: Reason, refusal: CallRefused | null): Response {
  const { message, resource, request } = call;
  if (refusal?.held) return respondHeld(refusal.held, message?.id ?? null);
  if (reason === "operation_unknown" && isUnknownMethod(message)) return respondUnknownMethod(request.headers, message);
  const toConnect = respondToConnect(call, reason, refusal);
  if (toConnect !== null) return toConnect;
  const response = respondError(reason, message);
  const { challenge: code } = toGatewayError(reason);
  if (code === null) return sayWhen(response, refusal);
  const error = code === "none" ? null : code;
  const scheme = isAboutBinding(call) || refusal?.isKeyBindingWanted === true ? "DPoP" : "Bearer";
  const { neededScopes: scopes = [], stepUp = null } = refusal ?? {};
  response.headers.set("www-authenticate", challenge(resource, { scheme, error, scopes, stepUp }));
  return response;
}

/** @returns null where there is nothing to connect, or no request to answer with it */
function respondToConnect(call: Call, reason: Reason, refusal: CallRefused | null): Response | null {
  const { message, request, sessionTakesUrls } = call;
  const url = refusal?.connectUrl ?? null;
  const isDisconnected = reason === "connection_required" || reason === "connection_lost";
  if (!isDisconnected || url === null || message?.kind !== "request") return null;
  return respondDisconnected({ headers: request.headers, message, sessionTakesUrls }, { reason, url });
}

/** Where we know better than the ordinary when it is worth trying again. */
function sayWhen(response: Response, refusal: CallRefused | null): Response {
  const seconds = refusal?.retryAfterSeconds ?? null;
  if (seconds !== null) response.headers.set("retry-after", String(seconds));
  return response;
}

/** The answer where there is no call to speak of, because we could not learn which server was meant. */
export function respondError(reason: Reason, message: Message | null): Response {
  const { status, code, message: text } = toGatewayError(reason);
  const data = reason === "protocol_version_unsupported" ? versionData(message) : undefined;
  const response = respondJsonRpcError(status, { code, text, data }, message);
  if (status === 503) response.headers.set("retry-after", String(LIMITS.retryAfterSeconds));
  if (status === 429) response.headers.set("retry-after", String(LIMITS.rateLimitRetryAfterSeconds));
  if (status === 405) response.headers.set("allow", "POST, GET, DELETE");
  return response;
}

/** Presented or required: whoever holds a bound token must learn that a bearer token is not what is wanted. */
function isAboutBinding({ request, resource, caller }: Call): boolean {
  const isPresented = /^dpop /i.test(request.headers.get("authorization") ?? "");
  return resource.dpop_required || isPresented || (caller !== null && caller.confirmedKey !== null);
}

/** Of tools some may be offered, and a tool that is not is no reason to believe that none are. */
function isUnknownMethod(message: Message | null): message is Message {
  return message?.kind === "request" && message.method !== "tools/call";
}

/**
 * A method that is not offered here does not exist here. MCP 2026-07-28 says so with 404; before, a 404 ended the
 * session and a 403 questioned the token, and "no such method" was an ordinary answer.
 */
function respondUnknownMethod(headers: Headers, message: Message): Response {
  const status = isStateless(headers, message) ? 404 : 200;
  return respondJsonRpcError(status, { code: -32_601, text: "Method not found" }, message);
}

/** MCP 2026-07-28, versioning. What is repeated of the request is a date or nothing. */
function versionData(message: Message | null): object {
  const requested = message?.protocolVersion ?? "";
  return { supported: [STATELESS_VERSION], requested: /^\d{4}-\d{2}-\d{2}$/.test(requested) ? requested : "" };
}

function respondJsonRpcError(
  status: number,
  { code, text, data }: { readonly code: number; readonly text: string; readonly data?: object | undefined },
  message: Message | null,
): Response {
  const error = { code, message: text, ...(data === undefined ? {} : { data }) };
  return respondJson(status, { jsonrpc: "2.0", id: message?.id ?? null, error });
}

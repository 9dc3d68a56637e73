import { readBody } from "../egress/bounded-fetch.ts";
import { GuardRefused } from "../guardrails/guarded-call.ts";
import type { Guardrails } from "../guardrails/guardrails.ts";
import { spellCanonically } from "../jwt/canonical-json.ts";
import { decodeUtf8, isObject, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { parseDefinitions } from "../trust/tool-definition.ts";
import type { LastData } from "./event-stream.ts";
import type { MessageId } from "./message.ts";
import { isEventStream, rewriteEventBody } from "./message-stream.ts";
import { CallRefused } from "./refusal.ts";
import { isAnswerSpelledExactly } from "./spelling.ts";
import { toGatewayError } from "./wire-errors.ts";

interface Guarding {
  readonly guards: Guardrails;
  /** Of the call that a stream answers, so that its caller learns why it ends. */
  readonly id: MessageId;
  /** The result of that call is a description, which is left as it is. */
  readonly isDescribing: boolean;
  /** Told when something in a stream was kept back, whose head has long been sent. */
  readonly onRefused: (reason: GuardRefused["reason"]) => void;
}

/**
 * An upstream's answer as the processors let it pass, message by message. Memory holds one message at a time. What cannot
 * be read is not passed on: it might be what they look for. @throws CallRefused; a stream ends with an error instead
 */
export async function guardResponse(response: Response, guarding: Guarding): Promise<Response> {
  const { body, status, headers } = response;
  if (body === null) return response;
  const passed = isEventStream(response)
    ? rewriteEventBody(body, (data) => guardEvent(data, guarding), LIMITS.listResultBytes)
    : await guardText(response, guarding);
  return new Response(passed, { status, headers });
}

async function guardText({ body, status }: Response, guarding: Guarding): Promise<string> {
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, LIMITS.listResultBytes, LIMITS.upstreamAnswerMilliseconds).catch(() => {
    throw new CallRefused("upstream_unreachable", { upstreamStatus: status });
  });
  const read = bytes === null ? null : parse(() => decodeUtf8(bytes));
  if (read === null) throw new CallRefused("upstream_answer_malformed", { upstreamStatus: status });
  if (isDescription(read.message, guarding)) return read.text;
  const passed = await guarding.guards.after(read.message, read.text).catch((error: unknown) => {
    throw error instanceof GuardRefused ? new CallRefused(error.reason, { upstreamStatus: status }) : error;
  });
  return passed === read.message ? read.text : JSON.stringify(passed);
}

async function guardEvent(data: string, guarding: Guarding): Promise<string | LastData | null> {
  const { guards, id, onRefused } = guarding;
  // An event without content, which primes a client for coming back (MCP 2025-11-25, transports).
  if (data.trim() === "") return data;
  const read = parse(() => data);
  if (read === null) return null;
  if (isDescription(read.message, guarding)) return data;
  try {
    const passed = await guards.after(read.message, read.text);
    return passed === read.message ? data : JSON.stringify(passed);
  } catch (error) {
    if (!(error instanceof GuardRefused)) throw error;
    onRefused(error.reason);
    const { code, message } = toGatewayError(error.reason);
    return id === null ? null : { last: JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }) };
  }
}

function isDescription(message: JsonObject, { isDescribing, id }: Guarding): boolean {
  return isDescribing && Object.hasOwn(message, "result") && spellCanonically(message["id"]) === spellCanonically(id);
}

/** By one reading alone: a member that comes twice, or in another case, could be looked at once and shown once more. */
function parse(textOf: () => string): { readonly message: JsonObject; readonly text: string } | null {
  try {
    const text = textOf();
    const message = parseDefinitions(text);
    return isObject(message) && isAnswerSpelledExactly(message) ? { message, text } : null;
  } catch {
    return null;
  }
}

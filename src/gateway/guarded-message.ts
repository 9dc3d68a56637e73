import type { Guardrails, Sent } from "../guardrails/guardrails.ts";
import { GuardRefused } from "../guardrails/guarded-call.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { isForwardedParameter } from "./forward.ts";
import { type Message, parseMessage } from "./message.ts";
import { readHeaderValue } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";
import { lastingMeta } from "./request-meta.ts";

/** What somebody else has made and gets back byte for byte, or not at all. */
const HANDLES: ReadonlySet<string> = new Set(["requestState", "cursor", "taskId", "requestId", "progressToken"]);
/** What a message is about: another name would be about something else. */
const NAMES: ReadonlySet<string> = new Set(["name", "uri", "ref", "notifications"]);
const ANSWERS: ReadonlySet<string> = new Set(["result", "error"]);

interface Guarded {
  readonly headers: Headers;
  readonly guards: Guardrails;
  readonly inputSchema: JsonObject | null | undefined;
}

/** @returns the message as it may be sent; what was taken out of it is authorized and forwarded without. @throws CallRefused */
export async function guardMessage(message: Message, { headers, guards, inputSchema }: Guarded): Promise<Message> {
  const whole = JSON.parse(message.text) as JsonObject;
  const sent: Sent = { ...partsOf(message, whole), repeated: repeatedIn(headers), inputSchema };
  const passed = await guards.before(sent).catch((error: unknown) => {
    throw error instanceof GuardRefused ? new CallRefused(error.reason) : error;
  });
  if (passed === sent.carried) return message;
  return parseMessage(new TextEncoder().encode(JSON.stringify(withPassed(message, whole, passed))));
}

/** All that a message says, but for what is a handle: a member that nobody knows today is a way out tomorrow. */
function partsOf({ kind, params }: Message, whole: JsonObject): Pick<Sent, "carried" | "named"> {
  if (kind === "response") return { carried: filterMembers(whole, (name) => ANSWERS.has(name)), named: {} };
  const { _meta: meta, ...others } = params;
  const lasting = lastingMeta(meta);
  const carried = filterMembers(others, (name) => !HANDLES.has(name) && !NAMES.has(name));
  return {
    carried: lasting === null ? carried : { ...carried, _meta: lasting },
    named: filterMembers(others, (name) => NAMES.has(name)),
  };
}

function withPassed({ kind, params }: Message, whole: JsonObject, passed: JsonObject): JsonObject {
  if (kind === "response") return { ...whole, ...passed };
  const { _meta: meta } = params;
  const { _meta: lasting } = passed;
  const members = { ...params, ...passed };
  if (!isObject(meta) || !isObject(lasting)) return { ...whole, params: members };
  return { ...whole, params: { ...members, _meta: { ...meta, ...lasting } } };
}

function filterMembers(holder: JsonObject, isMeant: (name: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(holder).filter(([name]) => isMeant(name)));
}

/** Arguments that a client says once more in a header (MCP 2026-07-28, x-mcp-header): passed on as they are, and read as servers read them. */
function repeatedIn(headers: Headers): Readonly<Record<string, string>> {
  const repeated: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (isForwardedParameter(name)) repeated[name] = readHeaderValue(value) ?? "";
  });
  return repeated;
}

import type { Guardrails, Sent } from "../guardrails/guardrails.ts";
import { GuardRefused } from "../guardrails/guarded-call.ts";
import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { isForwardedParameter } from "./forward.ts";
import { type Message, parseMessage } from "./message.ts";
import { readHeaderValue } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";
import { isToken, lastingMeta } from "./request-meta.ts";

/** What somebody else has made and gets back byte for byte, or not at all: by its name, in the methods that have it. */
const HANDLES: ReadonlyMap<string, RegExp> = new Map([
  ["requestState", /^(?:tools\/call|prompts\/get|resources\/read)$/],
  ["cursor", /^(?:tools|prompts|resources|resources\/templates|tasks)\/list$/],
  ["taskId", /^tasks\/(?:get|update|result|cancel)$/],
  ["requestId", /^notifications\/cancelled$/],
  ["progressToken", /^notifications\/progress$/],
]);
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
  const sent: Sent = {
    ...partsOf(message, whole),
    isResponse: message.kind === "response",
    repeated: repeatedIn(headers),
    inputSchema,
  };
  const passed = await guards.before(sent).catch((error: unknown) => {
    throw error instanceof GuardRefused ? new CallRefused(error.reason) : error;
  });
  if (passed === sent.carried) return message;
  return parseMessage(new TextEncoder().encode(JSON.stringify(withPassed(message, whole, passed))));
}

/** All that a message says, but for what is a handle: a member that nobody knows today is a way out tomorrow. */
function partsOf({ kind, method, params }: Message, whole: JsonObject): Pick<Sent, "carried" | "named"> {
  if (kind === "response") return { carried: filterMembers(whole, (name) => ANSWERS.has(name)), named: {} };
  const { _meta: meta, ...others } = params;
  // What is no object there is nothing that we know, and looked at as it is.
  const lasting = isObject(meta) ? lastingMeta(meta) : (meta ?? null);
  const carried = filterMembers(others, (name, value) => !isHandle(name, value, method) && !NAMES.has(name));
  return {
    carried: lasting === null ? carried : { ...carried, _meta: lasting },
    named: filterMembers(others, (name) => NAMES.has(name)),
  };
}

/** Of another shape, or where the protocol has none of that name, it is a text like any other. */
function isHandle(name: string, value: Json | undefined, method: string): boolean {
  return isToken(value) && HANDLES.get(name)?.test(method) === true;
}

function withPassed({ kind, params }: Message, whole: JsonObject, passed: JsonObject): JsonObject {
  if (kind === "response") return { ...whole, ...passed };
  const { _meta: meta } = params;
  const { _meta: lasting } = passed;
  const members = { ...params, ...passed };
  if (!isObject(meta) || !isObject(lasting)) return { ...whole, params: members };
  return { ...whole, params: { ...members, _meta: { ...meta, ...lasting } } };
}

function filterMembers(holder: JsonObject, isMeant: (name: string, value: Json | undefined) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(holder).filter(([name, value]) => isMeant(name, value)));
}

/** Arguments that a client says once more in a header (MCP 2026-07-28, x-mcp-header): passed on as they are, and read as servers read them. */
function repeatedIn(headers: Headers): Readonly<Record<string, string>> {
  const repeated: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (isForwardedParameter(name)) repeated[name] = readHeaderValue(value) ?? "";
  });
  return repeated;
}

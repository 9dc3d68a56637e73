import type { Guardrails } from "../guardrails/guardrails.ts";
import { GuardRefused } from "../guardrails/guarded-call.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { isForwardedParameter } from "./forward.ts";
import { type Message, parseMessage } from "./message.ts";
import { readHeaderValue } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";

/** What a model, or a person, has put into a message; the rest is the client program's, and handles of the server's. */
const CARRIED_PARAMETERS = ["arguments", "argument", "inputResponses"] as const;
const CARRIED_ANSWERS = ["result", "error"] as const;

interface Guarded {
  readonly headers: Headers;
  readonly guards: Guardrails;
  readonly inputSchema: JsonObject | null | undefined;
}

/** @returns the message as it may be sent; what was taken out of it is authorized and forwarded without. @throws CallRefused */
export async function guardMessage(message: Message, { headers, guards, inputSchema }: Guarded): Promise<Message> {
  const whole = JSON.parse(message.text) as JsonObject;
  const [holder, names] = message.kind === "response" ? [whole, CARRIED_ANSWERS] : [message.params, CARRIED_PARAMETERS];
  const carried = pick(holder, names);
  const sent = { carried, repeated: repeatedIn(headers), inputSchema };
  const passed = await guards.before(sent).catch((error: unknown) => {
    throw error instanceof GuardRefused ? new CallRefused(error.reason) : error;
  });
  if (passed === carried) return message;
  const changed =
    message.kind === "response" ? { ...whole, ...passed } : { ...whole, params: { ...message.params, ...passed } };
  return parseMessage(new TextEncoder().encode(JSON.stringify(changed)));
}

function pick(holder: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => isObject(holder[name])).map((name) => [name, holder[name]]));
}

/** Arguments that a client says once more in a header (MCP 2026-07-28, x-mcp-header), which are passed on as they are. */
function repeatedIn(headers: Headers): readonly string[] {
  const repeated: string[] = [];
  headers.forEach((value, name) => {
    if (isForwardedParameter(name)) repeated.push(value, readHeaderValue(value) ?? "");
  });
  return repeated;
}

import * as z from "zod";
import type { Egress } from "../egress/exchange.ts";
import { AmbiguousJson, type Json, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Guardrail } from "../trust/guardrail.ts";
import type { GuardedCall } from "./guarded-call.ts";

export type External = Extract<Guardrail, { type: "external" }>;

/** What to reach processors elsewhere with. */
export interface ExternalPorts {
  readonly egress: Egress;
  /** @returns null where the vault has no secret of that name for the server. @throws Outage */
  readonly findSecret: (name: string, resource: string) => Promise<string | null>;
}

export class ExternalFailed extends Error {
  override readonly name = "ExternalFailed";
}

const answerSchema = z.strictObject({ decision: z.enum(["allow", "block"]) });
const encoder = new TextEncoder();

/**
 * Asks a processor elsewhere, by a request that is signed as Standard Webhooks are: HMAC-SHA-256 over its id, its time
 * and its body. It can let pass or block, and change nothing. @throws ExternalFailed for every answer but these two
 */
export async function askExternal(
  { url, secret: secretName, timeout_milliseconds: milliseconds, sends, name }: External,
  asked: { readonly call: GuardedCall; readonly phase: "before" | "after"; readonly content: Json },
  { egress, findSecret }: ExternalPorts,
): Promise<"allow" | "block"> {
  const { call, phase, content } = asked;
  const secret = await findSecret(secretName, call.resource).catch(() => null);
  if (secret === null) throw new ExternalFailed();
  const body = JSON.stringify({
    version: 1,
    guardrail: name,
    phase,
    ...call,
    ...(sends === "content" ? { content } : {}),
  });
  const [id, timestamp] = [crypto.randomUUID(), String(Math.floor(Date.now() / 1000))];
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${await sign(secret, `${id}.${timestamp}.${body}`)}`,
  };
  const request = {
    url,
    method: "POST",
    headers,
    body,
    maximumBytes: LIMITS.guardrailAnswerBytes,
    milliseconds,
  } as const;
  const answer = await egress.exchange(request).catch(() => {
    throw new ExternalFailed();
  });
  if (answer.status !== 200) throw new ExternalFailed();
  return readDecision(answer.text);
}

function readDecision(text: string): "allow" | "block" {
  try {
    return answerSchema.parse(parseStrictObject(text)).decision;
  } catch (error) {
    if (error instanceof AmbiguousJson || error instanceof z.ZodError) throw new ExternalFailed();
    throw error;
  }
}

/** With its prefix, a secret is base64, as that specification has them. */
async function sign(secret: string, text: string): Promise<string> {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const raw =
    encoded === undefined ? encoder.encode(secret) : Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return btoa(String.fromCharCode(...mac));
}

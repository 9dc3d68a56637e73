import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import type { Message } from "./message.ts";

const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";

/** Whether the client leads its user to a URL when asked (elicitation in URL mode): said with each stateless request. */
export function takesUrls({ params }: Message): boolean {
  const meta = params["_meta"];
  return isObject(meta) && hasUrlElicitation(meta[CAPABILITIES]);
}

/** The same, in the era of sessions: said once, when the session begins. */
export function initializesWithUrls({ method, params }: Message): boolean {
  return method === "initialize" && hasUrlElicitation(params["capabilities"]);
}

function hasUrlElicitation(capabilities: unknown): boolean {
  const elicitation = isObject(capabilities) ? capabilities["elicitation"] : undefined;
  return isObject(elicitation) && isObject(elicitation["url"]);
}

/**
 * Whether a stateless client has declared what each request for input takes (MCP 2026-07-28, multi round-trip requests):
 * nothing else may be asked of it.
 */
export function canBeAsked({ params }: Message, inputRequests: Json | undefined): boolean {
  const meta = params["_meta"];
  const declared = isObject(meta) ? meta[CAPABILITIES] : undefined;
  if (inputRequests === undefined) return true;
  if (!isObject(inputRequests)) return false;
  return Object.values(inputRequests).every((asked) => isObject(asked) && isDeclared(asked, declared));
}

function isDeclared({ method, params }: JsonObject, declared: Json | undefined): boolean {
  if (!isObject(declared)) return false;
  if (method === "roots/list") return isObject(declared["roots"]);
  if (method === "sampling/createMessage") return isObject(declared["sampling"]);
  if (method !== "elicitation/create") return false;
  if (isObject(params) && params["mode"] === "url") return hasUrlElicitation(declared);
  const { elicitation } = declared;
  // Forms are what an empty declaration stands for.
  return isObject(elicitation) && (isObject(elicitation["form"]) || Object.keys(elicitation).length === 0);
}

import { isObject } from "../jwt/strict-json.ts";
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

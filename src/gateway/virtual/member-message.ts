import { isObject, type Json, type JsonObject } from "../../jwt/strict-json.ts";
import type { PublishedTool } from "../../trust/virtual-server.ts";
import { isForwardedParameter } from "../forward.ts";
import { type Message, withParams } from "../message.ts";
import { STATELESS_VERSION } from "../revisions.ts";

const RESERVED_META = "io.modelcontextprotocol/";
/** What a client may be asked for within the answer of a call; what goes beyond it nobody would bring back to the member. */
const PASSED_CAPABILITIES = ["elicitation", "roots", "sampling"];
/** The parameters of tools/call that mean something without a session. A task could not be asked for again. */
const PASSED_PARAMETERS = ["arguments", "inputResponses", "requestState"] as const;

/**
 * The call as its member is to see it: its own name for the tool, and the revision that it speaks. Nothing else of the
 * message is passed on.
 */
export function messageForMember(message: Message, { tool }: PublishedTool, version: string): Message {
  const isStateless = version === STATELESS_VERSION;
  const given = Object.entries(message.params).filter(([name]) => isPassed(name, isStateless));
  const meta = metaForMember(message.params["_meta"], version);
  const params = { ...Object.fromEntries(given), name: tool, ...(meta === null ? {} : { _meta: meta }) };
  return { ...withParams(message, params), target: tool, protocolVersion: isStateless ? version : null };
}

function isPassed(name: string, isStateless: boolean): boolean {
  if (!isStateless) return name === "arguments";
  return PASSED_PARAMETERS.some((passed) => passed === name);
}

/** The protocol's own members are of one era alone; those of others, and the token of progress, mean the same in both. */
function metaForMember(given: Json | undefined, version: string): JsonObject | null {
  const meta = isObject(given) ? given : {};
  const isStateless = version === STATELESS_VERSION;
  const passed = Object.entries(meta).filter(([name]) => isStateless || !name.startsWith(RESERVED_META));
  const own = {
    [`${RESERVED_META}protocolVersion`]: version,
    [`${RESERVED_META}clientCapabilities`]: capabilitiesOf(meta[`${RESERVED_META}clientCapabilities`]),
  };
  if (passed.length === 0 && !isStateless) return null;
  return { ...Object.fromEntries(passed), ...(isStateless ? own : {}) };
}

/** What we have not said ourselves of it. */
export function withoutOwnMeta(meta: JsonObject): JsonObject {
  const own = [`${RESERVED_META}protocolVersion`, `${RESERVED_META}clientCapabilities`];
  return Object.fromEntries(Object.entries(meta).filter(([name]) => !own.includes(name)));
}

function capabilitiesOf(given: Json | undefined): JsonObject {
  if (!isObject(given)) return {};
  return Object.fromEntries(Object.entries(given).filter(([name]) => PASSED_CAPABILITIES.includes(name)));
}

/** Headers anew, so that none says what the body does not: those that repeat it repeat what it says now. */
export function headersForMember(given: Headers, message: Message | null, version: string): Headers {
  const headers = new Headers({ accept: "application/json, text/event-stream", "mcp-protocol-version": version });
  for (const name of ["accept-language", "tracestate"]) {
    const value = given.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (version !== STATELESS_VERSION || message === null) return headers;
  headers.set("mcp-method", message.method);
  if (message.target !== null) headers.set("mcp-name", message.target);
  given.forEach((value, name) => {
    if (isForwardedParameter(name)) headers.set(name, value);
  });
  return headers;
}

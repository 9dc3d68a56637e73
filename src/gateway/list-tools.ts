import { readBody } from "../egress/bounded-fetch.ts";
import { decodeUtf8, isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { parseDefinitions } from "../trust/tool-definition.ts";
import type { Forwarding } from "./forward.ts";
import { isEventStream, rewriteEventBody } from "./message-stream.ts";
import { CallRefused } from "./refusal.ts";
import type { Upstream } from "./upstream.ts";

const HEADERS = ["accept", "accept-language", "mcp-protocol-version", "tracestate"];

/** The call that has to wait for the answer, and the revision of MCP that it is made in. */
interface Asking {
  readonly forwarding: Forwarding;
  /** null in the era of sessions. */
  readonly statelessVersion: string | null;
  readonly upstream: Upstream;
}

/**
 * Asks the server for its whole list of tools in the caller's place: by the same credential, and in the caller's session
 * where there is one. @throws CallRefused, when it is not there in time or does not read
 */
export async function listTools(asking: Asking): Promise<readonly Json[]> {
  const signal = AbortSignal.timeout(LIMITS.toolListMilliseconds);
  const tools: Json[] = [];
  let cursor: Json | undefined;
  for (let page = 0; page < LIMITS.toolListPages; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the next page begins where this one ends
    const result = await readPage(asking, cursor, signal);
    const listed = result["tools"];
    if (!Array.isArray(listed)) throw unknown();
    tools.push(...listed);
    if (tools.length > LIMITS.listItems) throw unknown();
    cursor = result["nextCursor"];
    if (cursor === undefined || cursor === null) return tools;
  }
  throw unknown();
}

async function readPage(asking: Asking, cursor: Json | undefined, signal: AbortSignal): Promise<JsonObject> {
  // No id that a client of the same session could be using: servers tell answers apart by it.
  const id = `crossgate-${crypto.randomUUID()}`;
  const response = await asking.upstream.send(pageRequest(asking, { id, cursor, signal })).catch((error: unknown) => {
    throw isOfUpstream(error) ? unknown(error.upstreamStatus ?? undefined) : error;
  });
  const { status } = response;
  if (status !== 200) await response.body?.cancel();
  // What tells a client of the era of sessions to start a new one must go on telling it.
  if (status === 404 && asking.forwarding.upstreamSessionId !== null) throw new CallRefused("session_unknown");
  if (status !== 200) throw unknown(status);
  const message = await readAnswer(response, id).catch(() => null);
  if (message === null || !isObject(message["result"])) throw unknown(status);
  return message["result"];
}

function pageRequest(
  { forwarding, statelessVersion }: Asking,
  { id, cursor, signal }: { id: string; cursor: Json | undefined; signal: AbortSignal },
): Forwarding {
  const headers = new Headers(statelessVersion === null ? {} : { "mcp-method": "tools/list" });
  for (const name of HEADERS) {
    const value = forwarding.request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const params = {
    ...(cursor === undefined ? {} : { cursor }),
    ...(statelessVersion === null ? {} : { _meta: metaOf(statelessVersion) }),
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list", params });
  const request = new Request(forwarding.request.url, { method: "POST", headers, signal });
  return { ...forwarding, request, body, endsAtMilliseconds: null };
}

function metaOf(version: string): JsonObject {
  return {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
}

async function readAnswer(response: Response, id: string): Promise<JsonObject | null> {
  const texts = isEventStream(response) ? await readEvents(response, id) : [await readText(response)];
  const messages = texts.map((text) => parseDefinitions(text));
  return messages.filter((message) => isObject(message)).find((message) => message["id"] === id) ?? null;
}

async function readText({ body }: Response): Promise<string> {
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, LIMITS.listResultBytes, LIMITS.toolListMilliseconds);
  if (bytes === null) throw unknown();
  return decodeUtf8(bytes);
}

/** Up to the one that answers: a server may leave the stream open after it. */
async function readEvents({ body }: Response, id: string): Promise<readonly string[]> {
  const texts: string[] = [];
  if (body === null) return texts;
  const events = rewriteEventBody(
    body,
    (data) => {
      if (!data.includes(id)) return "";
      texts.push(data);
      return null;
    },
    LIMITS.listResultBytes,
  );
  await readBody({ body: events, headers: new Headers() }, LIMITS.listResultBytes, LIMITS.toolListMilliseconds);
  return texts;
}

const OF_UPSTREAM = new Set<string>([
  "upstream_unreachable",
  "upstream_redirect",
  "upstream_refused",
  "upstream_scope_insufficient",
  "upstream_authentication_insufficient",
  "upstream_media_type",
]);

/** The server's fault; that there is no credential for it, or that the caller is gone, is to be told as it is. */
function isOfUpstream(error: unknown): error is CallRefused {
  return error instanceof CallRefused && OF_UPSTREAM.has(error.reason);
}

function unknown(upstreamStatus?: number): CallRefused {
  return new CallRefused("upstream_tools_unknown", upstreamStatus === undefined ? {} : { upstreamStatus });
}

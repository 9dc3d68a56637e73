import { readBody } from "../egress/bounded-fetch.ts";
import { decodeUtf8, isObject, type JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { parseDefinitions } from "../trust/tool-definition.ts";
import type { Forwarding } from "./forward.ts";
import { isEventStream, rewriteEventBody } from "./message-stream.ts";
import type { Sender } from "./upstream.ts";

const HEADERS = ["accept", "accept-language", "mcp-protocol-version", "tracestate"];

/** A request of ours to a server, in a caller's place: by the same credential, and in the same revision of MCP. */
export interface OwnRequest {
  readonly forwarding: Forwarding;
  readonly upstream: Sender;
  readonly method: string;
  readonly params: JsonObject;
  /** null in the era of sessions. */
  readonly statelessVersion: string | null;
  readonly signal: AbortSignal;
  readonly answerBytes: number;
}

export interface OwnAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** null where it is no answer to what was asked, or an error. */
  readonly result: JsonObject | null;
}

/** @throws CallRefused, Outage, as sending does */
export async function ask(asked: OwnRequest): Promise<OwnAnswer> {
  // No id that a client of the same session could be using: servers tell answers apart by it.
  const id = `crossgate-${crypto.randomUUID()}`;
  const response = await asked.upstream.send(requestOf(asked, id));
  const { status, headers } = response;
  if (status !== 200) await response.body?.cancel();
  const message = status === 200 ? await readAnswer(response, id, asked.answerBytes).catch(() => null) : null;
  const result = message?.["result"];
  return { status, headers, result: isObject(result) ? result : null };
}

/** Of a message that nobody answers. @returns whether it was accepted. @throws CallRefused, Outage */
export async function notify(asked: OwnRequest): Promise<boolean> {
  const response = await asked.upstream.send(requestOf(asked, null));
  await response.body?.cancel();
  return response.status < 300;
}

function requestOf(
  { forwarding, method, params, statelessVersion, signal }: OwnRequest,
  id: string | null,
): Forwarding {
  const headers = new Headers(statelessVersion === null ? {} : { "mcp-method": method });
  for (const name of HEADERS) {
    const value = forwarding.request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const meta = statelessVersion === null ? {} : { _meta: metaOf(statelessVersion) };
  const body = JSON.stringify({
    jsonrpc: "2.0",
    ...(id === null ? {} : { id }),
    method,
    params: { ...params, ...meta },
  });
  const request = new Request(forwarding.request.url, { method: "POST", headers, signal });
  return { ...forwarding, request, body, endsAtMilliseconds: null };
}

function metaOf(version: string): JsonObject {
  return {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
}

async function readAnswer(response: Response, id: string, limitBytes: number): Promise<JsonObject | null> {
  const texts = isEventStream(response)
    ? await readEvents(response, id, limitBytes)
    : [await readText(response, limitBytes)];
  const messages = texts.map((text) => parseDefinitions(text));
  return messages.filter((message) => isObject(message)).find((message) => message["id"] === id) ?? null;
}

async function readText({ body }: Response, limitBytes: number): Promise<string> {
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, limitBytes, LIMITS.toolListMilliseconds);
  if (bytes === null) throw new TypeError("too long");
  return decodeUtf8(bytes);
}

/** Up to the one that answers: a server may leave the stream open after it. */
async function readEvents({ body }: Response, id: string, limitBytes: number): Promise<readonly string[]> {
  const texts: string[] = [];
  if (body === null) return texts;
  const events = rewriteEventBody(
    body,
    (data) => {
      if (!data.includes(id)) return "";
      texts.push(data);
      return null;
    },
    limitBytes,
  );
  await readBody({ body: events, headers: new Headers() }, limitBytes, LIMITS.toolListMilliseconds);
  return texts;
}

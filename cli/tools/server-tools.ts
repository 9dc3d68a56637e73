import * as z from "zod";
import { readAtMost } from "../../src/egress/bounded-fetch.ts";
import { decodeUtf8, isObject, type Json, type JsonObject } from "../../src/jwt/strict-json.ts";
import { LIMITS } from "../../src/limits.ts";
import { parseDefinitions } from "../../src/trust/tool-definition.ts";
import { CommandError } from "../command-error.ts";

const STATELESS = "2026-07-28";
const WITH_SESSIONS = "2025-11-25";
const CLIENT = { name: "crossgate", version: "1.0.0" };

interface Server {
  readonly url: string;
  /** What it takes to be let in there, such as an Authorization header of its own. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params?: object;
}

interface Conversation extends Server {
  readonly version: string;
  readonly sessionId: string | null;
}

/**
 * All tools that a server has, each definition as it was written: no library of ours stands between, since what it left
 * out or put right would not be in the fingerprint. In either era, whichever the server speaks. @throws CommandError
 */
export async function listServerTools(server: Server): Promise<readonly JsonObject[]> {
  const stateless = { ...server, version: STATELESS, sessionId: null };
  const first = await askPage(stateless, undefined).catch(() => null);
  if (first !== null) return listPages(stateless, first);
  const session = await initialize(server);
  try {
    return await listPages(session, await askPage(session, undefined));
  } finally {
    await endSession(session);
  }
}

/** A list that somebody has saved: {"tools": […]}, or a whole answer to tools/list. @throws CommandError */
export function readSavedTools(text: string): readonly JsonObject[] {
  const saved = parse(text);
  return toolsOf(isObject(saved) && isObject(saved["result"]) ? saved["result"] : saved);
}

async function listPages(conversation: Conversation, first: JsonObject): Promise<readonly JsonObject[]> {
  const tools = [...toolsOf(first)];
  let cursor = first["nextCursor"];
  for (let page = 1; cursor !== undefined && cursor !== null; page += 1) {
    if (page >= LIMITS.toolListPages || tools.length > LIMITS.listItems) {
      throw new CommandError(
        `${conversation.url} has more tools than the gateway would read: ${LIMITS.listItems} on ${LIMITS.toolListPages} pages at most.`,
      );
    }
    const next = await askPage(conversation, cursor);
    tools.push(...toolsOf(next));
    cursor = next["nextCursor"];
  }
  return tools;
}

function toolsOf(result: unknown): readonly JsonObject[] {
  const tools = isObject(result) ? result["tools"] : undefined;
  const isList = Array.isArray(tools) && tools.every((tool) => isObject(tool) && typeof tool["name"] === "string");
  if (!isList)
    throw new CommandError("This is no list of tools: it needs a member tools with an object, and its name, for each.");
  return tools as readonly JsonObject[];
}

function askPage(conversation: Conversation, cursor: Json | undefined): Promise<JsonObject> {
  return ask(conversation, "tools/list", cursor === undefined ? {} : { cursor });
}

async function initialize(server: Server): Promise<Conversation> {
  const opening = { ...server, version: WITH_SESSIONS, sessionId: null };
  const params = { protocolVersion: WITH_SESSIONS, capabilities: {}, clientInfo: CLIENT };
  const response = await send(opening, { id: 1, method: "initialize", params });
  const result = await resultOf(response, server.url, "initialize");
  const version = z.string().safeParse(result["protocolVersion"]).data ?? WITH_SESSIONS;
  const conversation = { ...server, version, sessionId: response.headers.get("mcp-session-id") };
  const accepted = await send(conversation, { method: "notifications/initialized" });
  await accepted.body?.cancel();
  return conversation;
}

async function endSession({ url, headers, version, sessionId }: Conversation): Promise<void> {
  if (sessionId === null) return;
  const named = { ...headers, "mcp-protocol-version": version, "mcp-session-id": sessionId };
  const ended = await fetch(url, { method: "DELETE", headers: named, redirect: "manual" }).catch(() => null);
  await ended?.body?.cancel();
}

async function ask(conversation: Conversation, method: string, given: object): Promise<JsonObject> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": conversation.version,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
  };
  const params = conversation.version >= STATELESS ? { ...given, _meta } : given;
  return resultOf(await send(conversation, { id: 2, method, params }), conversation.url, method);
}

async function send(conversation: Conversation, message: Message): Promise<Response> {
  const { url, headers, version, sessionId } = conversation;
  const response = await fetch(url, {
    method: "POST",
    redirect: "manual",
    signal: AbortSignal.timeout(LIMITS.toolListMilliseconds),
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": version,
      ...(version >= STATELESS ? { "mcp-method": message.method } : {}),
      ...(sessionId === null ? {} : { "mcp-session-id": sessionId }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  }).catch((error: unknown) => {
    throw new CommandError(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}.`);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new CommandError(
    `${url} answered ${message.method} with ${response.status}. Give what it wants with --header, or a saved list with --from.`,
  );
}

async function resultOf(response: Response, url: string, method: string): Promise<JsonObject> {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const texts = isStream ? await readEvents(response) : [await textOf(response.body)];
  const results = texts.map((text) => parse(text)).flatMap((message) => (isObject(message) ? [message["result"]] : []));
  const result = results.find((candidate) => isObject(candidate));
  if (result !== undefined) return result;
  throw new CommandError(`${url} answered ${method} without a result.`);
}

/** The data of events up to the first that has a result: a server may leave the stream open after it. */
async function readEvents({ body }: Response): Promise<readonly string[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text = `${text}${decoder.decode(chunk, { stream: true })}`;
    if (text.length > LIMITS.listResultBytes) throw tooLong();
    if (/"result"[^]*(?:\r\n\r\n|\n\n|\r\r)$/.test(text)) break;
  }
  return text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((event) => event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:")))
    .map((lines) => lines.map((line) => line.replace(/^data: ?/, "")).join("\n"))
    .filter((data) => data !== "");
}

async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const bytes = await readAtMost(body, LIMITS.listResultBytes);
  if (bytes === null) throw tooLong();
  return decodeUtf8(bytes);
}

function tooLong(): CommandError {
  return new CommandError(`The list of tools is longer than ${LIMITS.listResultBytes} bytes.`);
}

function parse(text: string): unknown {
  try {
    return parseDefinitions(text);
  } catch {
    throw new CommandError("The list of tools does not read: it is no JSON, or has a member twice.");
  }
}

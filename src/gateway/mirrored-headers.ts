import { decodeUtf8 } from "../jwt/strict-json.ts";
import type { Message } from "./message.ts";
import { CallRefused } from "./refusal.ts";
import { STATELESS_VERSION } from "./revisions.ts";

const NAMED_METHODS: ReadonlySet<string> = new Set([
  "tools/call",
  "prompts/get",
  "resources/read",
  "tasks/get",
  "tasks/update",
  "tasks/cancel",
]);

/** Revisions are dates, so that the later one is the greater text. */
export function isStateless(headers: Headers, message: Message): boolean {
  const version = headers.get("mcp-protocol-version");
  return [version, message.protocolVersion].some((text) => text !== null && text >= STATELESS_VERSION);
}

/**
 * Headers that repeat the body must agree with it after decoding, or an intermediary that looks at the one and a server
 * that looks at the other would do two different things (MCP 2026-07-28, streamable HTTP, server validation). Requests
 * of the stateless era must carry them; elsewhere they may be absent and may not lie, and what the body does not name
 * no header may name either. @throws CallRefused
 */
export function requireAgreement(headers: Headers, message: Message): void {
  const isOfStatelessEra = isStateless(headers, message);
  if (message.kind === "response" && isOfStatelessEra) throw new CallRefused("message_malformed");
  const mustMirror = message.kind === "request" && isOfStatelessEra;
  const mustName = mustMirror && message.target !== null && NAMED_METHODS.has(message.method);
  const version = headers.get("mcp-protocol-version");
  // In the era of sessions the header alone carries the version, once `initialize` has agreed on one.
  const isAlone = version !== null && message.protocolVersion === null && !mustMirror;
  if (!isAlone) requireEqual(version, message.protocolVersion, mustMirror);
  requireEqual(headers.get("mcp-method"), message.method, mustMirror);
  requireEqual(readHeaderValue(headers.get("mcp-name")), message.target, mustName);
}

function requireEqual(header: string | null, body: string | null, isMandatory: boolean): void {
  if (header === null ? isMandatory : header !== body) throw new CallRefused("message_header_mismatch");
}

/** What is not plain ASCII travels as =?base64?…?= with case-sensitive markers, and in no other way (value encoding). */
export function readHeaderValue(header: string | null): string | null {
  if (header === null) return null;
  if (!/^[\x20-\x7e\t]*$/.test(header)) throw new CallRefused("message_header_mismatch");
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(header) ?? [];
  return encoded === undefined ? header : decode(encoded);
}

function decode(encoded: string): string {
  try {
    const binary = atob(encoded);
    // atob also takes white space, missing padding and stray bits, which other decoders read differently or not at all.
    if (btoa(binary) === encoded) return decodeUtf8(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    // Said below, as for any other name that no reader could agree on.
  }
  throw new CallRefused("message_header_mismatch");
}

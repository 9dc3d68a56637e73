import { decodeUtf8 } from "../jwt/strict-json.ts";
import type { Message } from "./message.ts";
import { CallRefused } from "./refusal.ts";

/** The first revision whose requests mirror method and name into headers (MCP 2026-07-28, streamable HTTP). */
export const STATELESS_VERSION = "2026-07-28";

/**
 * Headers that repeat the body must agree with it after decoding, or an intermediary that looks at the one and a server
 * that looks at the other would do two different things. In the stateless era they must be there; before, they may not
 * lie. @throws CallRefused message_header_mismatch
 */
export function requireAgreement(headers: Headers, message: Message): void {
  const version = headers.get("mcp-protocol-version");
  const isStateless = version === STATELESS_VERSION || message.protocolVersion === STATELESS_VERSION;
  const namesTarget = isStateless && message.target !== null && NAMED_METHODS.has(message.method);
  requireEqual(version, message.protocolVersion, isStateless);
  requireEqual(headers.get("mcp-method"), message.method, isStateless);
  requireEqual(decodeSentinel(headers.get("mcp-name")), message.target, namesTarget);
}

const NAMED_METHODS: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

function requireEqual(header: string | null, body: string | null, isMandatory: boolean): void {
  if (header === null ? isMandatory : (isMandatory || body !== null) && header !== body) {
    throw new CallRefused("message_header_mismatch");
  }
}

/** Values that are not plain ASCII travel as =?base64?…?= with case-sensitive markers. */
function decodeSentinel(header: string | null): string | null {
  const [, encoded] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(header ?? "") ?? [];
  if (encoded === undefined) return header;
  try {
    return decodeUtf8(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
  } catch {
    throw new CallRefused("message_header_mismatch");
  }
}

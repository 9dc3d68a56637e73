import type { ServerResponse } from "node:http";
import { answerJson, messageOf, type Received } from "./scripted-upstream.ts";

const VERSION = "2026-07-28";
const CACHING = { ttlMs: 0, cacheScope: "private" };
const ECHO = {
  name: "echo",
  description: "Says it again",
  inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
};

/**
 * An MCP server of revision 2026-07-28, as small as it can be: it knows no session, and it insists on the headers that
 * repeat the body, because a gateway that loses one of them would break every server that looks at them.
 */
export function answerStateless(received: Received, response: ServerResponse): void {
  const { id, method = "", params } = messageOf(received);
  const mirrored = [received.headers["mcp-protocol-version"], received.headers["mcp-method"], nameOf(received)];
  const expected = [VERSION, method, method === "tools/call" ? params?.name : undefined];
  if (JSON.stringify(mirrored) !== JSON.stringify(expected)) {
    const error = { code: -32_020, message: "Header mismatch" };
    return void response
      .writeHead(400, { "content-type": "application/json" })
      .end(JSON.stringify({ jsonrpc: "2.0", id, error }));
  }
  answerJson(response, { jsonrpc: "2.0", id, result: { resultType: "complete", ...resultOf(method, params) } });
}

function nameOf({ headers }: Received): string | string[] | undefined {
  return headers["mcp-name"];
}

function resultOf(method: string, params: ReturnType<typeof messageOf>["params"]): object {
  if (method === "server/discover") {
    const serverInfo = { name: "stateless", version: "1.0.0" };
    const _meta = { "io.modelcontextprotocol/serverInfo": serverInfo };
    return { supportedVersions: [VERSION], capabilities: { tools: {} }, _meta, ...CACHING };
  }
  if (method === "tools/list") return { tools: [ECHO], ...CACHING };
  return { content: [{ type: "text", text: `Echo: ${String(params?.arguments?.["message"])}` }] };
}

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import {
  acceptedContent,
  classifyInboundRequest,
  createMcpHandler,
  inputRequired,
  isInitializeRequest,
  McpServer,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { embedded, form, IMAGE, text } from "./content.ts";
import { inputSchemaOf, states, TOOLS } from "./tools.ts";

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

function makeServer(): McpServer {
  const server = new McpServer(
    { name: "conformance", version: "1.0.0" },
    { capabilities: CAPABILITIES, requestState: { verify: states.verify.bind(states) } },
  );
  for (const [name, tool] of Object.entries(TOOLS)) {
    const config = { description: `The suite's ${name}`, inputSchema: inputSchemaOf(tool) };
    server.registerTool(name, config, (given, context) => tool.call(given, context));
  }
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    server.registerTool(name, { description: `The suite's ${name}` }, () => {
      trigger();
      return { content: [text("published")] };
    });
  }
  addResources(server);
  addPrompts(server);
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
  server.server.setRequestHandler("logging/setLevel", () => ({}));
  server.server.setRequestHandler("completion/complete", () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
  return server;
}

function addResources(server: McpServer): void {
  const texts = { "static-text": "Static text", "watched-resource": "Watched" };
  for (const [name, content] of Object.entries(texts)) {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { mimeType: "text/plain" }, () => ({
      contents: [{ uri, mimeType: "text/plain", text: content }],
    }));
  }
  server.registerResource("static-binary", "test://static-binary", { mimeType: IMAGE.mimeType }, () => ({
    contents: [{ uri: "test://static-binary", mimeType: IMAGE.mimeType, blob: IMAGE.data }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { mimeType: "application/json" }, (uri, { id }) => ({
    contents: [{ uri: String(uri), mimeType: "application/json", text: JSON.stringify({ id, templateTest: true }) }],
  }));
}

function addPrompts(server: McpServer): void {
  const user = (...contents: readonly object[]) => ({
    messages: contents.map((content) => ({ role: "user", content })) as never[],
  });
  const argument = z.string();
  server.registerPrompt("test_simple_prompt", { description: "Says one thing" }, () =>
    user(text("This is a simple prompt for testing.")),
  );
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "Says what it is given", argsSchema: z.object({ arg1: argument, arg2: argument }) },
    ({ arg1, arg2 }) => user(text(`arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "Embeds a resource", argsSchema: z.object({ resourceUri: argument }) },
    ({ resourceUri }) => user(embedded(resourceUri, "text/plain", "Embedded"), text("Process it")),
  );
  server.registerPrompt("test_prompt_with_image", { description: "Shows an image" }, () =>
    user(IMAGE, text("Analyze it")),
  );
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks first" }, (context) => {
    const { inputResponses } = context.mcpReq;
    const given = acceptedContent<{ context: string }>(inputResponses, "user_context");
    if (given !== undefined) return user(text(`Use the following context: ${given.context}`));
    const asked = form("What context?", { context: { type: "string" } });
    return inputRequired({ inputRequests: { user_context: inputRequired.elicit(asked) } });
  });
}

const modern = createMcpHandler(() => makeServer());
const answerModern = toNodeHandler(modern);
const TRIGGERS = {
  test_trigger_tool_change: () => modern.notify.toolsChanged(),
  test_trigger_prompt_change: () => modern.notify.promptsChanged(),
};

/** What the suite asks of a server, in both eras, by the official SDK. */
export async function startConformanceServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const http = createServer((request, response) => void answer(request, response, sessions));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
  const address = http.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}/mcp`, close: () => stop(http) };
}

function stop(http: Server): Promise<void> {
  http.closeAllConnections();
  return new Promise((resolve) => http.close(() => resolve()));
}

type Sessions = Map<string, NodeStreamableHTTPServerTransport>;

async function answer(request: IncomingMessage, response: ServerResponse, sessions: Sessions): Promise<void> {
  const names = [request.headers.host, request.headers.origin ?? "http://localhost"].map(hostOf);
  if (names.some((name) => name !== "127.0.0.1" && name !== "localhost")) return refuse(response, 403);
  const body = request.method === "POST" ? await readJson(request) : undefined;
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  const [version, method] = [header("mcp-protocol-version"), header("mcp-method")];
  const inbound = classifyInboundRequest({
    httpMethod: request.method ?? "",
    ...(version !== undefined && { protocolVersionHeader: version }),
    ...(method !== undefined && { mcpMethodHeader: method }),
    body,
  });
  if (request.method === "POST" && inbound.kind !== "legacy")
    // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- not under exactOptionalPropertyTypes, which the command line's own project has
    return answerModern(request as Parameters<typeof answerModern>[0], response, body);
  const sessionId = header("mcp-session-id");
  if (sessionId === undefined && !isInitializeRequest(body)) return refuse(response, 400);
  const transport = sessionId === undefined ? await openSession(sessions) : sessions.get(sessionId);
  if (transport === undefined) return refuse(response, 404);
  return transport.handleRequest(request, response, body);
}

async function openSession(sessions: Sessions): Promise<NodeStreamableHTTPServerTransport> {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await makeServer().connect(transport);
  return transport;
}

function hostOf(text_: string | undefined): string {
  const url = `http://${(text_ ?? "").replace(/^\w+:\/\//, "")}`;
  return URL.canParse(url) ? new URL(url).hostname : "";
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number): void {
  const error = { code: -32_000, message: "Refused" };
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
}

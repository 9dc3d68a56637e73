import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

/** One request as it came over the wire, before anything folded or merged its headers. */
export interface Received {
  readonly method: string;
  readonly url: string;
  /** Name and value in turn, spelled as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** When the other side hung up before the answer had ended. */
  hungUpAtMilliseconds: number | null;
}

export type Script = (received: Received, response: ServerResponse) => void | Promise<void>;

/** An MCP server of which a test decides every byte. It records what reached it, and answers by its present script. */
export interface ScriptedUpstream {
  readonly url: string;
  readonly received: readonly Received[];
  /** All that it ever saw, as one text to search. */
  everything(): string;
  answer(script: Script): void;
  forget(): void;
  close(): Promise<void>;
}

export async function startScriptedUpstream(initial: Script = answerResult): Promise<ScriptedUpstream> {
  const received: Received[] = [];
  let script = initial;
  const server = createServer((request, response) => {
    void receive(request).then((one) => {
      received.push(one);
      response.on("close", () => {
        if (!response.writableFinished) one.hungUpAtMilliseconds = Date.now();
      });
      return script(one, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    everything: () => JSON.stringify(received),
    answer: (next) => {
      script = next;
      onTestFinished(() => {
        script = initial;
      });
    },
    forget: () => received.splice(0),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-argument -- a request's chunks are buffers unless an encoding was set
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
    hungUpAtMilliseconds: null,
  };
}

export interface CallMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Readonly<Record<string, unknown>> };
}

export function messageOf(received: Received): CallMessage {
  return JSON.parse(received.body) as CallMessage;
}

/** The plainest of servers: every request has a result, every notification is accepted. */
export function answerResult(received: Received, response: ServerResponse): void {
  const id = received.body === "" ? undefined : messageOf(received).id;
  if (id === undefined) return void response.writeHead(202).end();
  answerJson(response, { jsonrpc: "2.0", id, result: { content: [] } });
}

export function answerJson(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function startEvents(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers }).flushHeaders();
}

export function sendEvent(response: ServerResponse, message: unknown): void {
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StoreRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface StoreAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export type StoreHandler = (request: StoreRequest) => StoreAnswer;

/** What goes wrong with a store, asked anew for each request. */
export type StoreFault = "none" | "refuses" | "loses_its_answer";

/**
 * One of Cloudflare's stores as a server of this process, which outlives every death of the runtime: what it has taken
 * stays taken. An answer that is lost is lost after the store has done what it was asked.
 */
export class StoreServer {
  readonly #server: Server;
  readonly address: string;

  private constructor(server: Server) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(handle: StoreHandler, nextFault: () => StoreFault): Promise<StoreServer> {
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", () => undefined);
      incoming.on("end", () => {
        const { method = "", url = "", headers } = incoming;
        answer(outgoing, () => handle({ method, path: url, headers, body: Buffer.concat(chunks) }), nextFault());
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new StoreServer(server);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function answer(outgoing: ServerResponse, handle: () => StoreAnswer, fault: StoreFault): void {
  if (fault === "refuses") {
    outgoing.writeHead(503).end();
    return;
  }
  const { status, headers, body } = handle();
  if (fault === "loses_its_answer") outgoing.destroy();
  else outgoing.writeHead(status, { ...headers }).end(body);
}

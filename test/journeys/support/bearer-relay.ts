import { createServer, request } from "node:http";

export interface BearerRelay {
  readonly url: string;
  close(): Promise<void>;
}

/** Gives a client that knows no tokens one, and passes everything on as it streams, hang-ups included. */
export async function startBearerRelay(port: number, target: URL, token: string): Promise<BearerRelay> {
  const relay = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host: target.host, authorization: `Bearer ${token}` };
    const onward = request(target, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => relay.listen(port, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    close: () => {
      relay.closeAllConnections();
      return new Promise((resolve) => relay.close(() => resolve()));
    },
  };
}

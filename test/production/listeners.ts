import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestProject } from "vitest/node";
import type { Listeners } from "./provided-context.ts";

/** Servers that nobody may reach. A connection counts, whatever is said over it: over TLS, nothing that they read. */
export default async function setup(project: TestProject): Promise<() => void> {
  const connections: string[] = [];
  const listener = (): Server =>
    createServer((_request, response) => void response.setHeader("content-type", "application/json").end("{}")).on(
      "connection",
      (socket: Socket) => void connections.push(socket.localAddress ?? ""),
    );
  const four = listener().listen(0, "0.0.0.0");
  await once(four, "listening");
  const { port } = four.address() as AddressInfo;
  const six = listener();
  const hasIpv6 = await listenOnIpv6(six, port);
  const reporter = createServer((_request, response) => void response.end(JSON.stringify(connections)));
  reporter.listen(0, "127.0.0.1");
  await once(reporter, "listening");
  const report = `http://127.0.0.1:${(reporter.address() as AddressInfo).port}/`;
  const listeners: Listeners = { port, hasIpv6, report };
  project.provide("listeners", listeners);
  return () => {
    for (const server of [four, six, reporter]) {
      server.closeAllConnections();
      server.close();
    }
  };
}

/** Not every machine has it. */
function listenOnIpv6(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ port, host: "::", ipv6Only: true }, () => resolve(true));
  });
}

import { createServer } from "node:net";
import { CommandError } from "./command-error.ts";

/**
 * The issuer identifier contains the port, so the port must be known before the Worker starts.
 * @returns `port`, or a free one for 0. @throws CommandError when it is taken
 */
export function reservePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => reject(new CommandError(describe(error, host, port))));
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      probe.close(() => resolve(bound));
    });
  });
}

function describe(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "EADDRINUSE") {
    return `Port ${port} on ${host} is in use. Stop what listens there, or choose another with --port (0 takes a free one).`;
  }
  if (error.code === "EACCES")
    return `Port ${port} on ${host} needs more rights than this process has. Choose one above 1023.`;
  return `Cannot listen on ${host}:${port}: ${error.message}. Choose an address of this machine with --host.`;
}

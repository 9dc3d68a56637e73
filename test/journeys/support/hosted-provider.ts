import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Configuration, Provider } from "oidc-provider";

export interface HostedProvider {
  readonly issuer: string;
  readonly provider: Provider;
  readonly close: () => Promise<void>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Hosting {
  /** Told where it is, since clients are registered with addresses. */
  readonly configure: (issuer: string) => Promise<object> | object;
  /** What answers for it; null for whatever it answers itself. */
  readonly answer?: (provider: Provider, exchange: Exchange) => Promise<void> | null;
}

/** A real authorization server on this machine (oidc-provider), however it is configured. */
export async function hostProvider({ configure, answer = () => null }: Hosting): Promise<HostedProvider> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Its own declarations here are for the demonstration's provider, and know less.
  const provider = new Provider(issuer, (await configure(issuer)) as Configuration);
  provider.on("server_error", (_context, error) => process.stderr.write(`provider: ${error.stack ?? ""}\n`));
  const serve = provider.callback();
  server.on("request", (request, response) => {
    const served = answer(provider, { request, response }) ?? serve(request, response);
    served.catch(() => response.writeHead(400).end());
  });
  return {
    issuer,
    provider,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Configuration, Provider } from "oidc-provider";
import * as z from "zod";

export interface UpstreamAuthorizationServer {
  readonly issuer: string;
  /** Whom this access token was issued to; null where it is none that is good now (RFC 7662). */
  clientOf(token: string): Promise<string | null>;
  /** As an administrator there would, and without a word to anybody. */
  revoke(token: string): Promise<void>;
  close(): Promise<void>;
}

const CLIENT = { client_id: "gateway", client_secret: "the gateway's secret: 100% + &" };
export const CLIENT_SECRET = CLIENT.client_secret;

/** A real authorization server of an upstream's own, for clients that act for themselves. */
export async function startUpstreamAuthorizationServer(): Promise<UpstreamAuthorizationServer> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configuration = {
    clients: [{ ...CLIENT, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    scopes: ["files:read"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: "files:read",
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: "opaque",
        }),
      },
    },
  };
  // Its own declarations here are for the demonstration's provider, and know less.
  const provider = new Provider(issuer, configuration as unknown as Configuration);
  server.on("request", provider.callback());
  const authorization = `Basic ${btoa([CLIENT.client_id, CLIENT.client_secret].map((part) => encodeURIComponent(part)).join(":"))}`;
  const post = (path: string, token: string): Promise<Response> =>
    fetch(issuer + path, { method: "POST", headers: { authorization }, body: new URLSearchParams({ token }) });
  return {
    issuer,
    clientOf: async (token) =>
      introspectionSchema.parse(await (await post("/token/introspection", token)).json()).client_id ?? null,
    revoke: async (token) => void (await post("/token/revocation", token)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

const introspectionSchema = z.looseObject({ active: z.boolean(), client_id: z.string().optional() });

import {
  Client,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type { FetchLike, VersionNegotiationMode } from "@modelcontextprotocol/client";
import { observedFetch } from "./observed-fetch.ts";
import type { Observation } from "./observed-fetch.ts";

interface Credentials {
  /** Issuer identifier of the authorization server at which these are registered. */
  issuer: string;
  clientId: string;
  clientSecret: string;
}

export interface AgentOptions {
  /** The MCP endpoint as the gateway publishes it. */
  mcpUrl: string;
  idp: Credentials;
  resourceAuthorizationServer: Credentials;
  idToken: string;
  /** Asked of the IdP whatever the gateway's challenges suggest: with it, step-up widens nothing. */
  scopes?: readonly string[];
  /** "auto" asks for 2026-07-28 with server/discover and falls back to 2025-11-25. */
  versionNegotiation?: VersionNegotiationMode;
  observe?: (observation: Observation) => void;
}

export interface Agent {
  client: Client;
  /** The MCP revision that was agreed. */
  protocolVersion: string | undefined;
  listToolNames(): Promise<string[]>;
  echo(message: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Connects with no token at all: the gateway's 401 starts discovery, the IdP's answer becomes the
 * assertion, and redeeming it gives the access token with which the first request is sent again.
 */
export async function connectAgent(options: AgentOptions): Promise<Agent> {
  const fetchFn = options.observe ? observedFetch(options.observe) : fetch;
  const transport = new StreamableHTTPClientTransport(new URL(options.mcpUrl), {
    authProvider: crossAppAccess(options, fetchFn),
    fetch: fetchFn,
  });
  const client = new Client(
    { name: "demonstration-agent", version: "1.0.0" },
    { versionNegotiation: { mode: options.versionNegotiation ?? "auto" } },
  );
  await client.connect(transport);
  return {
    client,
    protocolVersion: client.getNegotiatedProtocolVersion(),
    listToolNames: () => listToolNames(client),
    echo: (message) => echo(client, message),
    close: async () => {
      // A 2025-11-25 session outlives its connection unless it is ended; a later one has none.
      await transport.terminateSession();
      await client.close();
    },
  };
}

function crossAppAccess(options: AgentOptions, fetchFn: FetchLike): CrossAppAccessProvider {
  const { issuer, clientId, clientSecret } = options.resourceAuthorizationServer;
  return new CrossAppAccessProvider({
    clientId,
    clientSecret,
    // Without it, whoever runs the MCP server would choose where this secret is sent.
    expectedIssuer: issuer,
    fetchFn,
    assertion: (context) =>
      requestIdJag({
        idp: options.idp,
        idToken: options.idToken,
        audience: context.authorizationServerUrl,
        resource: context.resourceUrl,
        scope: options.scopes?.join(" ") ?? context.scope,
        fetchFn,
      }),
  });
}

export interface IdJagRequest {
  idp: Credentials;
  idToken: string;
  /** Issuer identifier of the resource authorization server. */
  audience: string;
  resource: string;
  scope?: string | undefined;
  fetchFn?: FetchLike;
}

/** draft-ietf-oauth-identity-assertion-authz-grant §4.3, with the SDK's own implementation of it. */
export async function requestIdJag(request: IdJagRequest): Promise<string> {
  const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
    idpUrl: request.idp.issuer,
    clientId: request.idp.clientId,
    clientSecret: request.idp.clientSecret,
    idToken: request.idToken,
    audience: request.audience,
    resource: request.resource,
    ...(request.scope !== undefined && { scope: request.scope }),
    fetchFn: request.fetchFn ?? fetch,
  });
  return jwtAuthGrant;
}

async function listToolNames(client: Client): Promise<string[]> {
  const { tools } = await client.listTools();
  return tools.map((tool) => tool.name);
}

async function echo(client: Client, message: string): Promise<string> {
  const result = await client.callTool({ name: "echo", arguments: { message } });
  const text = result.content.map((part) => (part.type === "text" ? part.text : "")).join("");
  if (result.isError) throw new Error(`echo failed: ${text}`);
  return text;
}

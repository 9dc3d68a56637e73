import "./node-release.ts";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import type { JWK } from "jose";
import { Provider } from "oidc-provider";
import type { Account, ClientMetadata, Configuration, Grant, ProviderContext } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { GRANT_TYPE_TOKEN_EXCHANGE, registerIdJagGrant, TOKEN_TYPE_ID_JAG } from "./id-jag-grant.ts";
import type { IdJagIssuing, PermittedAccess } from "./id-jag-grant.ts";
import { LOGIN_PATH_PREFIX, serveLoginForm } from "./login-form.ts";
import type { User } from "./login-form.ts";

const FIRST_PARTY_SCOPE = "openid email groups";

/** An agent's registration at the IdP. It may be known by another identifier elsewhere. */
export interface IdpClient {
  client_id: string;
  client_secret: string;
  redirect_uri: string;
}

export interface IdentityProviderOptions {
  /** 0, or nothing, for any free port. */
  port?: number;
  users: User[];
  clients: IdpClient[];
  grants: PermittedAccess[];
}

export interface IdentityProvider {
  issuer: string;
  jwksUri: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  close(): Promise<void>;
}

/** A real OpenID provider on loopback that signs users in and issues ID-JAGs as the enterprise's policy says. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const server = createServer();
  const issuer = await listenOnLoopback(server, options.port ?? 0);
  const keys = await generateSigningKey();
  const provider = new Provider(issuer, configuration(options, keys.privateJwk));
  registerIdJagGrant(provider, {
    issuer,
    policy: options.grants,
    signingKey: keys.signingKey,
    publicJwk: keys.publicJwk,
    emailOf: (subject) => options.users.find((user) => user.subject === subject)?.email,
  });
  provider.on("server_error", (_context, error) => process.stderr.write(`IdP: ${error.stack}\n`));
  server.on("request", requestListener(provider, options.users));
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    close: () => close(server),
  };
}

function configuration(options: IdentityProviderOptions, signingJwk: JWK): Configuration {
  return {
    // Nothing outlives the demonstration: sessions and codes stay in this process.
    adapter: createMemoryAdapter(0),
    jwks: { keys: [signingJwk] },
    clients: options.clients.map(clientMetadata),
    // No public clients: EMA §4 wants the exchange authenticated whenever sign-in was.
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
    responseTypes: ["code"],
    scopes: ["openid"],
    claims: { openid: ["sub", "auth_time", "amr"], email: ["email"], groups: ["groups"] },
    // The ID Token is the identity assertion here, so it carries the claims rather than userinfo.
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    // draft-ietf-oauth-identity-assertion-authz-grant §7.1
    discovery: { identity_chaining_requested_token_types_supported: [TOKEN_TYPE_ID_JAG] },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    interactions: { url: (_context, interaction) => LOGIN_PATH_PREFIX + interaction.uid },
    pkce: { required: () => true },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      Session: 3600,
    },
    expiresWithSession: () => true,
    findAccount: (_context, subject) => account(options.users, subject),
    loadExistingGrant: firstPartyGrant,
  };
}

function clientMetadata(client: IdpClient): ClientMetadata {
  return {
    client_id: client.client_id,
    client_secret: client.client_secret,
    redirect_uris: [client.redirect_uri],
    grant_types: ["authorization_code", GRANT_TYPE_TOKEN_EXCHANGE],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
    require_auth_time: true,
  };
}

function account(users: readonly User[], subject: string): Account | undefined {
  const user = users.find((candidate) => candidate.subject === subject);
  return (
    user && {
      accountId: user.subject,
      claims: () => ({ sub: user.subject, email: user.email, groups: user.groups }),
    }
  );
}

/** Consent is the enterprise's, not the user's: its own clients get their scope without a question. */
async function firstPartyGrant(context: ProviderContext): Promise<Grant | undefined> {
  const { client, session, provider } = context.oidc;
  if (!client || !session?.accountId) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(FIRST_PARTY_SCOPE);
  await grant.save();
  return grant;
}

interface SigningKey extends Pick<IdJagIssuing, "signingKey" | "publicJwk"> {
  privateJwk: JWK;
}

async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const named = { kid: await calculateJwkThumbprint(publicJwk), alg: "ES256", use: "sig" };
  return {
    signingKey: privateKey,
    publicJwk: { ...publicJwk, ...named },
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
  };
}

function requestListener(provider: Provider, users: readonly User[]) {
  const serveProtocol = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => {
    const served = request.url?.startsWith(LOGIN_PATH_PREFIX)
      ? serveLoginForm(provider, users, { request, response })
      : serveProtocol(request, response);
    served.catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { "content-type": "text/plain" });
      response.end(error instanceof Error ? `${error.message}\n` : undefined);
    });
  };
}

// The issuer identifier holds the port, so the socket has to exist before the provider does.
async function listenOnLoopback(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}

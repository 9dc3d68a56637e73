import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { ProviderContext } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { LOGIN_PATH_PREFIX, serveLoginForm, type User } from "../../../demo/login-form.ts";
import { hostProvider } from "./hosted-provider.ts";

type Client = Readonly<Record<string, unknown>>;

export interface OpenIdProvider {
  readonly issuer: string;
  /** What it signs with, as others may know it. */
  readonly publicJwk: JWK;
  /** Whose access token this is; null for one that it has not issued, or no longer knows. */
  subjectOf(token: string): Promise<string | null>;
  close(): Promise<void>;
}

interface Options {
  readonly users: readonly User[];
  /** Told where it is, since clients are registered with addresses. */
  readonly clients: (issuer: string) => Promise<readonly Client[]>;
  /** Of the one API that it issues access tokens for, beside itself. */
  readonly resourceScope?: string;
  /** As resource servers that know the provider's keys can read them (RFC 9068); opaque when absent. */
  readonly accessTokenFormat?: "jwt";
}

interface ResourceGrant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

/** A real authorization server where people sign in: an enterprise's identity provider, or somebody else's server's. */
export async function startOpenIdProvider(options: Options): Promise<OpenIdProvider> {
  const { users, clients, resourceScope, accessTokenFormat = "opaque" } = options;
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const named = { kid: "provider-1", alg: "ES256", use: "sig" };
  const configure = async (issuer: string): Promise<object> => ({
    adapter: createMemoryAdapter(0),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
    clients: await clients(issuer),
    clientAuthMethods: ["private_key_jwt", "none"],
    responseTypes: ["code"],
    scopes: ["openid", "offline_access", ...(resourceScope === undefined ? [] : [resourceScope])],
    claims: { openid: ["sub", "auth_time"], email: ["email"] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("base64url")], names: cookieNames(issuer) },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: resourceScope !== undefined,
        getResourceServerInfo: () => ({ scope: resourceScope, ...describeTokens(accessTokenFormat) }),
        useGrantedResource: () => true,
      },
    },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => LOGIN_PATH_PREFIX + uid },
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    findAccount: (_context: unknown, subject: string) => {
      const user = users.find((one) => one.subject === subject);
      return user && { accountId: subject, claims: () => ({ sub: subject, email: user.email }) };
    },
    loadExistingGrant: (context: ProviderContext) => grantAll(context, resourceScope),
  });
  const { issuer, provider, close } = await hostProvider({
    configure,
    answer: (host, exchange) =>
      exchange.request.url?.startsWith(LOGIN_PATH_PREFIX) === true ? serveLoginForm(host, users, exchange) : null,
  });
  return {
    issuer,
    publicJwk: { ...(await exportJWK(publicKey)), ...named },
    subjectOf: async (token) => {
      const { AccessToken } = provider as unknown as {
        AccessToken: { find(value: string): Promise<{ accountId: string } | undefined> };
      };
      return (await AccessToken.find(token))?.accountId ?? null;
    },
    close,
  };
}

function describeTokens(accessTokenFormat: "jwt" | "opaque") {
  const signed = accessTokenFormat === "jwt" ? { jwt: { sign: { alg: "ES256" } } } : {};
  return { accessTokenFormat, accessTokenTTL: 60, ...signed };
}

/** Cookies are shared by all ports of a host, and several of these run on one. */
function cookieNames(issuer: string): Record<string, string> {
  const { port } = new URL(issuer);
  return Object.fromEntries(["session", "interaction", "resume"].map((name) => [name, `${name}-${port}`]));
}

/** Its own people are not asked again for what its administrators have decided. */
async function grantAll(context: ProviderContext, resourceScope: string | undefined) {
  const { client, session, provider, params } = context.oidc;
  if (!client || !session?.accountId) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  const resourceGrant = grant as unknown as ResourceGrant;
  resourceGrant.addOIDCScope(`openid email offline_access ${resourceScope ?? ""}`.trim());
  const resource = params?.["resource"];
  if (resourceScope !== undefined && resource !== undefined) resourceGrant.addResourceScope(resource, resourceScope);
  await resourceGrant.save();
  return grant;
}

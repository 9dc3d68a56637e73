import { createRemoteJWKSet, jwtVerify } from "jose";
import type { Provider, ProviderContext } from "oidc-provider";
import * as z from "zod";
import { hostProvider } from "./hosted-provider.ts";

export interface UpstreamAuthorizationServer {
  readonly issuer: string;
  /** Whom this access token was issued to; null where it is none that is good now (RFC 7662). */
  clientOf(token: string): Promise<string | null>;
  /** Whom it is about; null as above, or where it is about nobody. */
  subjectOf(token: string): Promise<string | null>;
  /** As an administrator there would, and without a word to anybody. */
  revoke(token: string): Promise<void>;
  /** Whose tokens about people it takes in exchange. */
  trust(issuer: string): void;
  close(): Promise<void>;
}

const CLIENT = { client_id: "gateway", client_secret: "the gateway's secret: 100% + &" };
export const CLIENT_SECRET = CLIENT.client_secret;
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** A real authorization server of an upstream's own, for clients that act for themselves or by exchange for people. */
export async function startUpstreamAuthorizationServer(): Promise<UpstreamAuthorizationServer> {
  const grant_types = ["client_credentials", TOKEN_EXCHANGE];
  const { issuer, provider, close } = await hostProvider({
    configure: () => ({
      clients: [{ ...CLIENT, grant_types, redirect_uris: [], response_types: [] }],
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
    }),
  });
  let trusted = "";
  registerTokenExchange(provider, () => ({ issuer, trusted }));
  const authorization = `Basic ${btoa([CLIENT.client_id, CLIENT.client_secret].map((part) => encodeURIComponent(part)).join(":"))}`;
  const post = (path: string, token: string): Promise<Response> =>
    fetch(issuer + path, { method: "POST", headers: { authorization }, body: new URLSearchParams({ token }) });
  const introspect = async (token: string) =>
    introspectionSchema.parse(await (await post("/token/introspection", token)).json());
  return {
    issuer,
    clientOf: async (token) => (await introspect(token)).client_id ?? null,
    subjectOf: async (token) => (await introspect(token)).sub ?? null,
    revoke: async (token) => void (await post("/token/revocation", token)),
    trust: (other) => {
      trusted = other;
    },
    close,
  };
}

const introspectionSchema = z.looseObject({
  active: z.boolean(),
  client_id: z.string().optional(),
  sub: z.string().optional(),
});

interface IssuableToken {
  save(): Promise<string>;
}

/** RFC 8693: a token about a person, by the keys of whom we trust and made for us, for an access token of ours. */
function registerTokenExchange(
  provider: Provider,
  current: () => { readonly issuer: string; readonly trusted: string },
): void {
  const { AccessToken } = provider as unknown as { AccessToken: new (members: object) => IssuableToken };
  const exchange = async (context: ProviderContext): Promise<void> => {
    const { issuer, trusted } = current();
    const { client, params } = context.oidc;
    const keys = createRemoteJWKSet(new URL(`${trusted}/jwks`));
    const { payload } = await jwtVerify(params?.["subject_token"] ?? "", keys, { issuer: trusted, audience: issuer });
    const token = new AccessToken({ client, accountId: payload.sub, gty: "token_exchange", scope: "files:read" });
    context.body = {
      access_token: await token.save(),
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 600,
    };
  };
  const parameters = ["subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope"];
  provider.registerGrantType(TOKEN_EXCHANGE, exchange, parameters);
}

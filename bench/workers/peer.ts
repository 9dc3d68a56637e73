import { OAuthProvider } from "@cloudflare/workers-oauth-provider";
import { env as bindings } from "cloudflare:workers";

/**
 * The peer: Cloudflare's own OAuth provider with its enterprise-managed authorization, as its documentation sets it up,
 * for the same provider, client and resource as Crossgate's. It keeps no audit record, has no policy, issues opaque
 * tokens, and marks a used assertion in KV, which cannot promise single use; its documentation says so.
 */
interface PeerEnv {
  readonly OAUTH_KV: KVNamespace;
  readonly PARTIES: { readonly issuer: string; readonly keySet: string; readonly resource: string };
  readonly KV: "binding" | "memory";
  readonly RECORDS: Readonly<Record<string, string>>;
}

const { PARTIES, RECORDS } = bindings as unknown as PeerEnv;
const called = { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "done" }] } };
const server = { fetch: (): Response => Response.json(called) };
const nothing = { fetch: (): Response => new Response(null, { status: 404 }) };

const provider = new OAuthProvider({
  apiRoute: PARTIES.resource,
  apiHandler: server,
  defaultHandler: nothing,
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  accessTokenTTL: 300,
  resourceMetadata: { resource: PARTIES.resource },
  enterpriseManagedAuthorization: {
    trustedIssuers: async ({ iss }) =>
      iss === PARTIES.issuer ? { issuer: iss, jwksUri: PARTIES.keySet, algorithms: ["ES256"] } : null,
    mapClaims: async ({ claims, requestedScope }) => ({
      userId: `enterprise-${encodeURIComponent(claims.sub)}`,
      scope: requestedScope,
      metadata: { issuer: claims.iss, subject: claims.sub },
      props: { subject: claims.sub },
    }),
  },
});

/** KV without KV: what the rest of a redemption costs. Nothing is durable, so it is no fair rival, only a bound. */
const memory = new Map(Object.entries(RECORDS));
const inMemory = {
  get: async (key: string, options?: { readonly type?: string }) => {
    const text = memory.get(key) ?? null;
    return text !== null && options?.type === "json" ? (JSON.parse(text) as unknown) : text;
  },
  put: async (key: string, text: string) => void memory.set(key, text),
};

let used: PeerEnv | null = null;

export default {
  fetch(request, env, context) {
    used ??= env.KV === "memory" ? { ...env, OAUTH_KV: inMemory as unknown as KVNamespace } : env;
    return provider.fetch(request, used as never, context);
  },
} satisfies ExportedHandler<PeerEnv>;

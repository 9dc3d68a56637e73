import { env, exports } from "cloudflare:workers";
import { SigningKeys } from "../../src/jwt/signing-keys.ts";
import { signJwt } from "../../src/jwt/sign.ts";
import { clientDocument, type Members } from "./documents.ts";
import { digestSecret, ISSUER, nowInSeconds, type Tenant } from "./tenant.ts";

export const SIGNED = "application/token-introspection+jwt";

/** A client that redeems nothing: it asks about tokens. */
export interface ResourceServer {
  readonly clientId: string;
  readonly basic: string;
}

/** Registered, and whatever tenants say of it. */
export async function settleResourceServer(changes: Members = {}): Promise<ResourceServer> {
  const clientId = `server-${crypto.randomUUID()}`;
  const secret = `secret-${clientId}`;
  const document = {
    ...clientDocument({ client_id: clientId, resources: [] }),
    scopes: [],
    authentication: { methods: ["client_secret_basic"], secret_digests: [await digestSecret(secret)] },
    ...changes,
  };
  await env.TRUST_AND_POLICY.put(`client:${clientId}`, JSON.stringify(document));
  return { clientId, basic: `Basic ${btoa(`${clientId}:${secret}`)}` };
}

export async function introspect(
  { basic }: Pick<ResourceServer, "basic">,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams({ token });
  const request = new Request(`${ISSUER}/introspect`, {
    method: "POST",
    body,
    headers: { authorization: basic, ...headers },
  });
  return exports.default.fetch(request, env as never);
}

export async function tokenOf(tenant: Tenant, claims: Members = {}): Promise<string> {
  const { body } = await tenant.redeem({ form: { assertion: await tenant.assertion(claims) } });
  return String(body["access_token"]);
}

/** By our own key, whatever it says: what no redemption would give. */
export async function mint(tenant: Tenant, claims: Members = {}, typ = "at+jwt"): Promise<string> {
  const now = nowInSeconds();
  const all = {
    iss: ISSUER,
    aud: tenant.resource,
    sub: "usr_ada",
    client_id: tenant.clientId,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 300,
    scope: "files:read",
    organization: tenant.organization,
    assertion: { iat: now },
    ...claims,
  };
  return signJwt(typ, all, await SigningKeys.parse(env.SIGNING_KEYS).signer());
}

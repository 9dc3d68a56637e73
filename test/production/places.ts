import { env } from "cloudflare:workers";
import { post } from "../../src/egress/post.ts";
import { parseConfig } from "../../src/config.ts";
import type { Members } from "../support/documents.ts";
import { CLIENT_ASSERTION_TYPE, ISSUER, nowInSeconds } from "../support/tenant.ts";
import { makeTestKey, signText } from "../support/test-idp.ts";
import { asHeader, type Customer } from "./world.ts";

/**
 * Brings this URL to where Crossgate might take it for one that it should contact. What it answers is others' matter. Key
 * sets and clients' metadata documents are not here: their objects, which wait before they ask again, have tests of theirs.
 */
export type Place = (url: string, customer: Customer, index: number) => Promise<unknown>;

const SERVED = { type: "client_credentials", client_id: "us", method: "private_key_jwt" };
const ENDPOINTS = ["token_endpoint", "authorization_endpoint", "revocation_endpoint", "jwks_uri"];
const OAUTH_METADATA = "/.well-known/oauth-authorization-server";
const RESOURCE_METADATA = "/.well-known/oauth-protected-resource";

const redirecting = (to: string) => (): Response =>
  new Response(null, { status: [301, 302, 303, 307, 308][to.length % 5] ?? 302, headers: { location: asHeader(to) } });

/** An authorization server whose metadata are good, but for what is said of them. */
function metadataOf(issuer: string, changes: Members = {}): Response {
  return Response.json({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    ...changes,
  });
}

/** A server that names an authorization server, and is called until that is asked for a token. */
async function callServed(customer: Customer, issuerFor: (upstream: string) => string): Promise<Response> {
  const upstream: string = customer.newOrigin(({ url }) =>
    url.includes(RESOURCE_METADATA)
      ? Response.json({ resource: `${upstream}/mcp`, authorization_servers: [issuerFor(upstream)] })
      : new Response(null, { status: 404 }),
  );
  return customer.call(await customer.protect({ upstream: `${upstream}/mcp`, upstream_credential: SERVED }));
}

const signIn = { sign_in: { client_id: "us" } };
const connectable: Members = {
  upstream_credential: { type: "authorization_code", client: { kind: "registered", client_id: "us" } },
};

const DOCUMENTS: Readonly<Record<string, Place>> = {
  "the jwks_uri of an identity provider": async (url, customer) => {
    const iss = await customer.trustIdp({ key_set: { jwks_uri: url } });
    return customer.redeem(await customer.tenant.assertion({ iss }));
  },
  "the issuer of an identity provider": async (url, customer) => {
    await customer.trustIdp({ issuer: url, ...signIn });
    await customer.redeem(await customer.tenant.assertion({ iss: url }));
    const resource = await customer.protect({ upstream: `${customer.newOrigin()}/mcp`, ...connectable });
    return customer.openLink({ issuer: url, resource });
  },
  "where an identity provider's events are fetched": async (url, customer) => {
    const iss = await customer.trustIdp({ signals: { poll: { endpoint: url } } });
    return customer.redeem(await customer.tenant.assertion({ iss }));
  },
  "a server's upstream": async (url, customer) => customer.call(await customer.protect({ upstream: url })),
  "a server's authorization server": async (url, customer) => {
    const upstream_credential = { ...SERVED, authorization_server: url };
    return customer.call(await customer.protect({ upstream: `${customer.newOrigin()}/mcp`, upstream_credential }));
  },
  "a processor that looks at calls": async (url, customer) => {
    const guardrails = [{ type: "external", name: "dlp", url, secret: "dlp" }];
    return customer.call(await customer.protect({ upstream: `${customer.newOrigin()}/mcp`, guardrails }));
  },
  "a receiver of records": async (url, customer, index) => {
    const name = `sink-${customer.tenant.name}-${index}`;
    await customer.tenant.put("sink", name, { name, type: "webhook", url, secret: "SIEM", begin: "now" });
    return env.AUDIT_SINK.getByName(`sink:${name}`)
      .meet(name, [])
      .catch(() => undefined);
  },
  "the name and the keys of a client": async (url, customer) => {
    const common = { name: "agent", resources: [], scopes: "any" };
    const authentication = { methods: ["private_key_jwt"], metadata_document: true };
    await customer.tenant.put("client", url, { client_id: url, ...common, authentication });
    await claimToBe(url, customer);
    const clientId = `keys-of-${url}`.slice(0, 200);
    const keys = { methods: ["private_key_jwt"], key_set: { jwks_uri: url } };
    await customer.tenant.put("client", clientId, { client_id: clientId, ...common, authentication: keys });
    return claimToBe(clientId, customer);
  },
};

/** Everything that this client could prove, by a key that nobody knows. */
async function claimToBe(clientId: string, { tenant }: Customer): Promise<unknown> {
  const client_assertion = await tenant.clientAssertion({ iss: clientId, sub: clientId }, { key: tenant.clientKey });
  const form = { client_id: clientId, client_assertion, client_assertion_type: CLIENT_ASSERTION_TYPE };
  return tenant.redeem({ form, headers: { authorization: undefined, "cf-connecting-ip": crypto.randomUUID() } });
}

const ANSWERS: Readonly<Record<string, Place>> = {
  "the authorization server that a server names": async (url, customer) => callServed(customer, () => url),
  "an endpoint in an authorization server's metadata": async (url, customer, index) => {
    const changes = { [ENDPOINTS[index % ENDPOINTS.length] ?? ""]: url };
    return callServed(customer, () => {
      const issuer: string = customer.newOrigin(() => metadataOf(issuer, changes));
      return issuer;
    });
  },
  "where a server's challenge says that its metadata are": async (url, customer) => {
    const challenge = `Bearer resource_metadata="${asHeader(url).replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    const headers = { "www-authenticate": challenge };
    const upstream = customer.newOrigin(({ url: asked }) =>
      asked.includes(".well-known")
        ? new Response(null, { status: 404 })
        : new Response(null, { status: 401, headers }),
    );
    return customer.call(await customer.protect({ upstream: `${upstream}/mcp`, upstream_credential: SERVED }));
  },
  "an endpoint in an identity provider's metadata": async (url, customer, index) => {
    const changes = { [ENDPOINTS[index % ENDPOINTS.length] ?? ""]: url };
    const issuer: string = customer.newOrigin(() => metadataOf(issuer, changes));
    await customer.trustIdp({ issuer, ...signIn });
    const resource = await customer.protect({ upstream: `${customer.newOrigin()}/mcp`, ...connectable });
    return customer.openLink({ issuer, resource });
  },
};

const REDIRECTS: Readonly<Record<string, Place>> = {
  "a redirect of a server": async (url, customer) =>
    customer.call(await customer.protect({ upstream: `${customer.newOrigin(redirecting(url))}/mcp` })),
  "a redirect of a server's metadata": async (url, customer) => {
    const upstream = `${customer.newOrigin(redirecting(url))}/mcp`;
    return customer.call(await customer.protect({ upstream, upstream_credential: SERVED }));
  },
  "a redirect of an authorization server's metadata": async (url, customer) =>
    callServed(customer, () => customer.newOrigin(redirecting(url))),
  "a redirect of a token endpoint": async (url, customer) =>
    callServed(customer, () => {
      const issuer: string = customer.newOrigin((request) =>
        request.url.includes(OAUTH_METADATA) ? metadataOf(issuer) : redirecting(url)(),
      );
      return issuer;
    }),
  "a redirect of a receiver": async (url, customer) => {
    const bounds = { bytes: 64, milliseconds: 5000, rules: parseConfig(env).egress };
    return post(`${customer.newOrigin(redirecting(url))}/`, { headers: {}, body: "" }, bounds).catch(() => undefined);
  },
};

const REQUESTS: Readonly<Record<string, Place>> = {
  "what an assertion says of itself": async (url, customer) => {
    const header = { jku: url, x5u: url };
    await customer.redeem(await customer.tenant.assertion({}, { header }));
    await customer.redeem(await customer.tenant.assertion({ aud: url, resource: url }));
    return customer.redeem(await customer.tenant.assertion({ iss: url }));
  },
  "what a client calls itself": async (url, customer) => claimToBe(url, customer),
  "what a client asks for": async (url, customer) => {
    const assertion = await customer.tenant.assertion();
    return customer.tenant.redeem({ form: { assertion, resource: url, audience: url, redirect_uri: url } });
  },
  "a security event": async (url, customer) => {
    const key = await makeTestKey("ES256");
    const header = { alg: key.alg, kid: key.kid, typ: "secevent+jwt", jku: url, x5u: url };
    const claims = { iss: url, aud: ISSUER, jti: crypto.randomUUID(), iat: nowInSeconds(), events: {} };
    const body = await signText(JSON.stringify(header), JSON.stringify(claims), key);
    const headers = { "content-type": "application/secevent+jwt", "cf-connecting-ip": crypto.randomUUID() };
    return customer.send(new Request(`${ISSUER}/signals`, { method: "POST", headers, body }));
  },
  "an address of /connect": async (url, customer) => {
    const query = new URLSearchParams({
      link: url,
      iss: url,
      state: url,
      code: url,
      return_to: url,
      redirect_uri: url,
    });
    const paths = ["/connect", "/connect/signed-in", "/connect/callback", "/connect/done", "/connect/review"];
    return Promise.all(paths.map((path) => customer.browse(`${ISSUER}${path}?${query.toString()}`)));
  },
};

export const PLACES: Readonly<Record<string, Place>> = { ...DOCUMENTS, ...ANSWERS, ...REDIRECTS, ...REQUESTS };

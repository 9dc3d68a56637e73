import { env } from "cloudflare:workers";
import { parseConfig } from "../../src/config.ts";
import { fetchText } from "../../src/egress/bounded-fetch.ts";
import { openEgress } from "../../src/egress/exchange.ts";
import { post } from "../../src/egress/post.ts";
import { openUpstream } from "../../src/egress/upstream.ts";
import { discoverAuthorizationServer, discoverIssuerOf } from "../../src/oauth-client/discovery.ts";
import { readClientMetadata } from "../../src/trust/client-metadata.ts";
import { type DocumentKind, nameMember, parseTrustDocument } from "../../src/trust/documents.ts";
import { clientDocument, idpDocument, type Members, resourceDocument, sinkDocument } from "../support/documents.ts";
import { asHeader, type Internet } from "./world.ts";

/** Takes this URL as its part of Crossgate does, with the rules of a deployment. To be refused. */
export type Way = (url: string, internet: Internet) => Promise<unknown>;

const { egress: rules } = parseConfig(env);
const egress = openEgress(rules);
const HOST = "https://host.example.net";
const BOUNDS = { bytes: 1024, milliseconds: 5000, rules };
const GET = { method: "GET", headers: {}, body: null, maximumBytes: 1024, milliseconds: 5000 } as const;

function document(kind: DocumentKind, members: (url: string) => Members): Way {
  return async (url) => {
    const document_ = members(url);
    const entry = { name: String(document_[nameMember(kind)]), text: JSON.stringify(document_) };
    return parseTrustDocument(kind, entry, rules);
  };
}

const credential = (upstream_credential: Members): Members => resourceDocument({ upstream_credential });
const CLIENT = { client_id: "us", method: "private_key_jwt" };
const ENDPOINTS = ["token_endpoint", "authorization_endpoint", "revocation_endpoint", "jwks_uri"];

const DOCUMENTS: Readonly<Record<string, Way>> = {
  "idp: issuer": document("idp", (issuer) => idpDocument({ issuer, key_set: { jwks_uri: `${HOST}/jwks` } })),
  "idp: jwks_uri": document("idp", (jwks_uri) => idpDocument({ key_set: { jwks_uri } })),
  "idp: poll endpoint": document("idp", (endpoint) => idpDocument({ signals: { poll: { endpoint } } })),
  "client: jwks_uri": document("client", (jwks_uri) =>
    clientDocument({ authentication: { methods: ["private_key_jwt"], key_set: { jwks_uri } } }),
  ),
  "client: metadata document": document("client", (client_id) =>
    clientDocument({ client_id, authentication: { methods: ["private_key_jwt"], metadata_document: true } }),
  ),
  "resource: upstream": document("resource", (upstream) => resourceDocument({ upstream })),
  "resource: external guardrail": document("resource", (url) =>
    resourceDocument({ guardrails: [{ type: "external", name: "dlp", url, secret: "dlp" }] }),
  ),
  "resource: client_credentials": document("resource", (authorization_server) =>
    credential({ type: "client_credentials", authorization_server, ...CLIENT }),
  ),
  "resource: token_exchange": document("resource", (authorization_server) =>
    credential({ type: "token_exchange", authorization_server, ...CLIENT, subject_token: "identity" }),
  ),
  "resource: authorization_code": document("resource", (authorization_server) =>
    credential({ type: "authorization_code", authorization_server, client: { kind: "metadata_document" } }),
  ),
  "resource: xaa": document("resource", (authorization_server) =>
    credential({ type: "xaa", idp: HOST, idp_client: CLIENT, authorization_server, client: CLIENT }),
  ),
  "resource: xaa's provider": document("resource", (idp) =>
    credential({ type: "xaa", idp, idp_client: CLIENT, authorization_server: HOST, client: CLIENT }),
  ),
  "sink: url": document("sink", (url) => sinkDocument({ url })),
};

const REQUESTS: Readonly<Record<string, Way>> = {
  "a document that is fetched": async (url) => fetchText(url, BOUNDS),
  "an exchange": async (url) => egress.exchange({ ...GET, url }),
  "a post": async (url) => post(url, { headers: {}, body: "" }, BOUNDS),
  "discovery of an authorization server": async (url) => discoverAuthorizationServer(url, egress),
};

const redirecting = (internet: Internet, url: string, status: number): void =>
  internet.serve(HOST, () => new Response(null, { status, headers: { location: asHeader(url) } }));

const METADATA: Readonly<Record<string, Way>> = Object.fromEntries(
  ENDPOINTS.map((endpoint): [string, Way] => [
    `the ${endpoint} in an authorization server's metadata`,
    async (url, internet) => {
      internet.serve(HOST, () => Response.json({ issuer: HOST, token_endpoint: `${HOST}/token`, [endpoint]: url }));
      return discoverAuthorizationServer(HOST, egress);
    },
  ]),
);

const ANSWERS: Readonly<Record<string, Way>> = {
  "a redirect of a document": async (url, internet) => {
    redirecting(internet, url, 302);
    return fetchText(`${HOST}/jwks`, BOUNDS);
  },
  "a redirect of an exchange": async (url, internet) => {
    redirecting(internet, url, 307);
    return egress.exchange({ ...GET, url: `${HOST}/token` });
  },
  "a redirect of a post": async (url, internet) => {
    redirecting(internet, url, 308);
    return post(`${HOST}/events`, { headers: {}, body: "" }, BOUNDS);
  },
  "a redirect of a server": async (url, internet) => {
    redirecting(internet, url, 301);
    const request = { method: "GET", headers: new Headers(), body: null, clientSignal: new AbortController().signal };
    const answer = await openUpstream(`${HOST}/mcp`, {
      ...request,
      answerWithinMilliseconds: 5000,
      endsAtMilliseconds: null,
    });
    // It is an answer as any other: told to whoever asked, and gone by no further.
    if (answer?.status === 301) throw new Error("not followed");
  },
  "the authorization server that a server names": async (url, internet) => {
    internet.serve(HOST, () => Response.json({ resource: `${HOST}/mcp`, authorization_servers: [url] }));
    return discoverAuthorizationServer(await discoverIssuerOf(`${HOST}/mcp`, egress), egress);
  },
  "where a server's challenge says that its metadata are": async (url, internet) => {
    const challenge = `Bearer resource_metadata="${asHeader(url).replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    internet.serve(HOST, (request) =>
      request.url.includes(".well-known")
        ? new Response(null, { status: 404 })
        : new Response(null, { status: 401, headers: { "www-authenticate": challenge } }),
    );
    return discoverIssuerOf(`${HOST}/mcp`, egress);
  },
  "the jwks_uri in a client's metadata document": async (url) => {
    const clientId = `${HOST}/agent`;
    const text = JSON.stringify({
      client_id: clientId,
      token_endpoint_auth_method: "private_key_jwt",
      jwks_uri: url,
    });
    const read = readClientMetadata(text, { clientId, rules });
    if (typeof read === "string") throw new Error(read);
  },
};

export const WAYS: Readonly<Record<string, Way>> = { ...DOCUMENTS, ...REQUESTS, ...METADATA, ...ANSWERS };
/** Those by which an address of the internet may be had. */
export const OPEN_WAYS: Readonly<Record<string, Way>> = { ...DOCUMENTS, ...METADATA };

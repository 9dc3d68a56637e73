import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientDocument } from "../support/documents.ts";
import { makeTestKey, signText, type TestKey } from "../support/test-idp.ts";
import { type GuardedServers, guardServers } from "./support/guarded-servers.ts";

/** An agent that nobody has given a secret: it publishes who it is, and signs. Over real HTTP from end to end. */
let guarded: GuardedServers;
let host: Server;
let origin: string;
let key: TestKey;
const requested: string[] = [];

const PAGES: Record<string, RequestListener> = {
  "/agents/red/client.json": (_request, response) => {
    const document = {
      client_id: `${origin}/agents/red/client.json`,
      client_name: "Red",
      redirect_uris: [`${origin}/callback`],
      token_endpoint_auth_method: "private_key_jwt",
      jwks_uri: `${origin}/agents/red/keys`,
    };
    response.setHeader("content-type", "application/json").setHeader("cache-control", "max-age=600");
    response.end(JSON.stringify(document));
  },
  "/agents/red/keys": (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [key.publicJwk] }));
  },
  "/agents/moved.json": (_request, response) => {
    response.writeHead(302, { location: `${origin}/agents/red/client.json` }).end();
  },
  "/agents/down.json": (_request, response) => response.writeHead(503).end(),
};

beforeAll(async () => {
  key = await makeTestKey("ES256", "agent-key");
  host = createServer((request, response) => {
    const path = request.url ?? "";
    requested.push(path);
    const page = PAGES[path];
    if (page === undefined) response.writeHead(404).end();
    else page(request, response);
  }).listen(0, "127.0.0.1");
  await once(host, "listening");
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  guarded = await guardServers({ "/mcp": { upstream: "http://127.0.0.1:9/mcp" } });
  const pattern = `${origin}/agents/*`;
  const authentication = { methods: ["private_key_jwt"], metadata_document: true };
  const record = clientDocument({ client_id: pattern, authentication, resources: [guarded.urlOf("/mcp")] });
  await guarded.crossgate.kv.put(`client:${pattern}`, JSON.stringify(record));
});

afterAll(async () => {
  await guarded.stop();
  host.close();
});

async function redeem(clientId: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const { issuer } = guarded.crossgate;
  const claims = { aud: issuer, client_id: clientId, sub: "ada", scope: "tools:read", resource: guarded.urlOf("/mcp") };
  const now = Math.floor(Date.now() / 1000);
  const proof = { iss: clientId, sub: clientId, aud: issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 };
  const header = { alg: "ES256", kid: key.kid, typ: "client-authentication+jwt" };
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: await guarded.idp.issue(claims),
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await signText(JSON.stringify(header), JSON.stringify(proof), key),
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("an agent that is known by the URL of its metadata document", () => {
  it("is granted a token, and fetched once for many", async () => {
    const clientId = `${origin}/agents/red/client.json`;
    for (let time = 0; time < 3; time += 1) {
      expect(await redeem(clientId)).toMatchObject({ status: 200, body: { scope: "tools:read" } });
    }
    expect(requested).toEqual(["/agents/red/client.json", "/agents/red/keys"]);
  });

  it("is refused behind a redirect, and where it leads is not asked", async () => {
    requested.length = 0;
    expect(await redeem(`${origin}/agents/moved.json`)).toMatchObject({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect(requested).toEqual(["/agents/moved.json"]);
  });

  it("hears of an outage while its host is down", async () => {
    const answer = await redeem(`${origin}/agents/down.json`);
    expect(answer).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
  });

  it("is refused and not asked outside of what the record admits", async () => {
    requested.length = 0;
    expect((await redeem(`${origin}/other/client.json`)).status).toBe(401);
    expect(requested).toEqual([]);
  });

  it("is announced in the metadata", async () => {
    const response = await fetch(`${guarded.crossgate.issuer}/.well-known/oauth-authorization-server`);
    expect(await response.json()).toMatchObject({ client_id_metadata_document_supported: true });
  });
});

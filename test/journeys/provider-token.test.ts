import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type McpServer, startEverythingServer } from "../../demo/mcp-server.ts";
import { derivePrincipal } from "../../src/redemption/principal.ts";
import { idpDocument } from "../support/documents.ts";
import { eventually } from "./support/eventually.ts";
import { callGateway } from "./support/gateway-call.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { connectClient } from "./support/mcp-client.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./support/openid-provider.ts";
import { type ProviderTokens, signInFor } from "./support/provider-sign-in.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "./support/scripted-upstream.ts";

const ADA = { subject: "ada", email: "ada@acme.example", password: "analytical engine" };
const REDIRECT_URI = "https://agent.example/callback";
const [EVERYTHING, FILES, CLOSED] = ["/everything/mcp", "/files/mcp", "/closed/mcp"];

let provider: OpenIdProvider;
let everything: McpServer;
let files: ScriptedUpstream;
let guarded: GuardedServers;

beforeAll(async () => {
  [everything, files, provider] = await Promise.all([
    startEverythingServer(),
    startScriptedUpstream(),
    startOpenIdProvider({
      users: [ADA],
      resourceScope: "tools:echo",
      accessTokenFormat: "jwt",
      clients: async () => [
        {
          client_id: "agent-at-the-idp",
          redirect_uris: [REDIRECT_URI],
          token_endpoint_auth_method: "none",
          id_token_signed_response_alg: "ES256",
        },
      ],
    }),
  ]);
  const provider_tokens = { [provider.issuer]: {} };
  const trusted = idpDocument({
    issuer: provider.issuer,
    key_set: { jwks_uri: `${provider.issuer}/jwks` },
    access_tokens: { clients: { "agent-at-the-idp": "agent" } },
  });
  guarded = await guardServers(
    {
      [EVERYTHING]: { upstream: everything.url, provider_tokens },
      [FILES]: { upstream: files.url, provider_tokens },
      [CLOSED]: { upstream: files.url },
    },
    { documents: () => [{ key: `idp:${provider.issuer}`, value: trusted }] },
  );
});

afterAll(async () => {
  await guarded?.stop();
  await Promise.all([everything?.close(), files?.close(), provider?.close()]);
});

function tokensFor(path: string): Promise<ProviderTokens> {
  const resource = guarded.urlOf(path);
  const asked = { issuer: provider.issuer, clientId: "agent-at-the-idp", redirectUri: REDIRECT_URI };
  return signInFor({ ...asked, resource, scope: "tools:echo", email: ADA.email, password: ADA.password });
}

describe("an agent that knows its identity provider and nothing of Cross App Access", () => {
  it("finds the provider by the metadata, and calls a tool with the provider's own token for this server", async () => {
    const url = guarded.urlOf(EVERYTHING);
    const challenged = await callGateway(url, {});
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenged.headers.get("www-authenticate") ?? "")?.[1] ?? "";
    const metadata = (await (await fetch(metadataUrl)).json()) as { authorization_servers: readonly string[] };
    expect(metadata.authorization_servers).toEqual([guarded.crossgate.issuer, provider.issuer]);

    const { access_token: token } = await tokensFor(EVERYTHING);
    const { client } = await connectClient(url, token, "legacy");
    const answer = await client.callTool({ name: "echo", arguments: { message: "by the provider's word" } });
    expect(JSON.stringify(answer.content)).toContain("by the provider's word");
    await expect(client.callTool({ name: "get-sum", arguments: { a: 1, b: 2 } })).rejects.toThrow();
    const principal = await derivePrincipal({ issuer: provider.issuer, tenant: null, sub: ADA.subject });
    const found = await eventually("the record of the call", async () =>
      (await guarded.auditEvents()).find(({ target, decision }) => target === "echo" && decision === "granted"),
    );
    expect(found).toMatchObject({ token_kind: "provider", principal, client_id: "agent", issuer: provider.issuer });
  });

  it("has its token kept from the server, and from every other server and purpose", async () => {
    const { access_token: token, id_token: idToken } = await tokensFor(FILES);
    expect((await callGateway(guarded.urlOf(FILES), { token })).status).toBe(200);
    expect(files.everything()).not.toContain(token);
    files.forget();
    expect((await callGateway(guarded.urlOf(EVERYTHING), { token })).status).toBe(401);
    expect((await callGateway(guarded.urlOf(CLOSED), { token })).status).toBe(401);
    expect((await callGateway(guarded.urlOf(FILES), { token: idToken })).status).toBe(401);
    const assertion = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: token,
    });
    const basic = btoa(`agent:${guarded.clientSecrets.agent}`);
    const redeemed = await fetch(`${guarded.crossgate.issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: assertion,
    });
    expect(redeemed.status).toBe(400);
    expect(files.received).toEqual([]);
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import { exchangeForAccessToken, exchangeForIdJag } from "../../src/oauth-client/token-exchange.ts";
import { TOKEN_TYPE } from "../../src/oauth-client/grants.ts";
import { formOf, json, scriptedEgress } from "../support/scripted-egress.ts";
import { TestIdp } from "../support/test-idp.ts";

const NOW = Math.floor(Date.now() / 1000);
const IDP = "https://idp.example.com";
const AUDIENCE = "https://as.example.net";
const RESOURCE = "https://files.example.net/mcp";
const TOKEN_ENDPOINT = `${IDP}/token`;
const PARTY = {
  server: { issuer: IDP, tokenEndpoint: TOKEN_ENDPOINT, clientAuthenticationMethods: ["client_secret_post"] },
  client: { method: "client_secret_post", clientId: "us-at-idp", secret: "hush" },
  nowSeconds: NOW,
} as const;
const SUBJECT = { token: "the-identity", type: TOKEN_TYPE.refreshToken };

let idp: TestIdp;
beforeAll(async () => {
  idp = await TestIdp.start({ issuer: IDP });
});

type Changes = Record<string, unknown>;

async function exchange({
  claims = {},
  header = {},
  response = {},
}: {
  claims?: Changes;
  header?: Changes;
  response?: Changes;
}) {
  const token = await idp.issue({ aud: AUDIENCE, client_id: "us-at-as", resource: RESOURCE, ...claims }, { header });
  const body = {
    access_token: token,
    token_type: "N_A",
    issued_token_type: TOKEN_TYPE.idJag,
    expires_in: 300,
    ...response,
  };
  const egress = scriptedEgress({ [TOKEN_ENDPOINT]: json(body) });
  const wanted = {
    subject: SUBJECT,
    audience: AUDIENCE,
    clientId: "us-at-as",
    resource: RESOURCE,
    scope: "files:read",
  };
  return { egress, token, issued: exchangeForIdJag(PARTY, wanted, egress) };
}

describe("asking the IdP for an ID-JAG", () => {
  it("names the server, the resource and the type that it wants [JAG-I-02, JAG-I-06, JAG-I-08, JAG-L-09]", async () => {
    const { egress, token, issued } = await exchange({});
    expect((await issued).token).toBe(token);
    expect(formOf(egress.requests[0])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:id-jag",
      subject_token: "the-identity",
      subject_token_type: "urn:ietf:params:oauth:token-type:refresh_token",
      audience: AUDIENCE,
      resource: RESOURCE,
      scope: "files:read",
      client_id: "us-at-idp",
      client_secret: "hush",
    });
  });

  it.each<[string, Changes]>([
    ["id_jag_type", { header: { typ: "JWT" } }],
    ["id_jag_type", { header: { typ: undefined } }],
    ["id_jag_type", { header: { typ: "at+jwt" } }],
    ["id_jag_type", { header: { typ: "oauth-id-jag" } }],
    ["id_jag_malformed", { header: { alg: "none" } }],
    ["id_jag_malformed", { header: { alg: "NONE" } }],
    ["id_jag_malformed", { header: { jku: "https://evil.example/jwks" } }],
    ["id_jag_malformed", { claims: { sub: undefined } }],
    ["id_jag_malformed", { claims: { sub: 7 } }],
    ["id_jag_malformed", { claims: { jti: undefined } }],
    ["id_jag_malformed", { response: { access_token: "opaque" } }],
    ["id_jag_issuer", { claims: { iss: "https://idp.example.com/" } }],
    ["id_jag_issuer", { claims: { iss: undefined } }],
    ["id_jag_audience", { claims: { aud: "https://evil.example" } }],
    ["id_jag_audience", { claims: { aud: `${AUDIENCE}/` } }],
    ["id_jag_audience", { claims: { aud: undefined } }],
    ["id_jag_audience", { claims: { aud: [AUDIENCE, "https://evil.example"] } }],
    ["id_jag_client", { claims: { client_id: "us-at-idp" } }],
    ["id_jag_client", { claims: { client_id: undefined } }],
    ["id_jag_resource", { claims: { resource: undefined } }],
    ["id_jag_resource", { claims: { resource: "https://files.example.net/other" } }],
    ["id_jag_resource", { claims: { resource: [RESOURCE, "https://files.example.net/other"] } }],
    ["id_jag_expired", { claims: { exp: NOW } }],
    ["id_jag_expired", { claims: { exp: undefined } }],
    ["id_jag_expired", { claims: { exp: "soon" } }],
    ["id_jag_confirmation", { claims: { cnf: { jkt: "x" } } }],
    ["token_type", { response: { token_type: "Bearer" } }],
    ["issued_token_type", { response: { issued_token_type: undefined } }],
    ["issued_token_type", { response: { issued_token_type: TOKEN_TYPE.accessToken } }],
  ])("takes none with %s: %o [JAG-L-04, JAG-L-06]", async (flaw, changes) => {
    const { issued } = await exchange(changes);
    await expect(issued).rejects.toMatchObject({ flaw });
  });

  it.each<Changes>([
    { claims: { aud: [AUDIENCE], resource: [RESOURCE] } },
    { claims: { sub: "\u{1F600} of another namespace", act: { sub: "agent" }, tenant: "t" } },
    { header: { typ: "application/OAUTH-ID-JAG+JWT" } },
    { response: { token_type: "n_a" } },
  ])("takes what only looks different: %o", async (changes) => {
    const { issued, token } = await exchange(changes);
    expect((await issued).token).toBe(token);
  });

  it("hands over a refresh token that the IdP has put in place of the one it was sent", async () => {
    const { issued } = await exchange({ response: { refresh_token: "rotated" } });
    expect((await issued).refreshToken).toBe("rotated");
  });
});

describe("exchanging an identity for an access token (RFC 8693)", () => {
  const ask = (response: Changes) => {
    const body = { access_token: "at", token_type: "Bearer", issued_token_type: TOKEN_TYPE.accessToken, ...response };
    const egress = scriptedEgress({ [TOKEN_ENDPOINT]: json(body) });
    const wanted = {
      subject: { token: "x.y.z", type: TOKEN_TYPE.jwt },
      audience: "files",
      resource: RESOURCE,
      scope: "a",
    };
    return { egress, issued: exchangeForAccessToken(PARTY, wanted, egress) };
  };

  it("says what it brings and what it wants", async () => {
    const { egress, issued } = ask({});
    expect((await issued).token).toBe("at");
    expect(formOf(egress.requests[0])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: "x.y.z",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      audience: "files",
      resource: RESOURCE,
      scope: "a",
      client_id: "us-at-idp",
      client_secret: "hush",
    });
  });

  it("takes a JWT for an access token, as a server may call it", async () => {
    expect((await ask({ issued_token_type: TOKEN_TYPE.jwt }).issued).token).toBe("at");
  });

  it.each([undefined, TOKEN_TYPE.refreshToken, TOKEN_TYPE.idJag, TOKEN_TYPE.idToken])(
    "takes nothing else for one: %s",
    async (issued_token_type) => {
      await expect(ask({ issued_token_type }).issued).rejects.toMatchObject({ flaw: "issued_token_type" });
    },
  );
});

import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { requestIdJag } from "../../demo/agent.ts";
import { startIdentityProvider } from "../../demo/identity-provider.ts";
import type { IdentityProvider } from "../../demo/identity-provider.ts";
import { signIn } from "../../demo/sign-in.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";
const AUDIENCE = "https://crossgate.example";
const RESOURCE = "https://crossgate.example/mcp/everything";
const ADA = {
  subject: "user-ada",
  email: "ada@example.com",
  groups: ["research"],
  password: "analytical engine",
};
const AGENT = { client_id: "agent", client_secret: "agent secret", redirect_uri: REDIRECT_URI };
const STRANGER = {
  client_id: "stranger",
  client_secret: "stranger secret",
  redirect_uri: REDIRECT_URI,
};

const policyLine = {
  idpClientId: AGENT.client_id,
  audience: AUDIENCE,
  clientIdAtAudience: "agent-at-crossgate",
  resource: RESOURCE,
  scopes: ["tools:read", "tools:call"],
};

let idp: IdentityProvider;

beforeAll(async () => {
  idp = await startIdentityProvider({
    users: [ADA],
    clients: [AGENT, STRANGER],
    grants: [
      policyLine,
      // An ID-JAG for this audience is in everything but its `typ` like an ID Token for the agent.
      { ...policyLine, audience: AGENT.client_id },
      { ...policyLine, audience: "https://two.example", resource: "https://two.example/a" },
      { ...policyLine, audience: "https://two.example", resource: "https://two.example/b" },
    ],
  });
});

afterAll(() => idp.close());
afterEach(() => void vi.useRealTimers());

function signInAda(client = AGENT, typed: { email?: string; password?: string } = {}) {
  return signIn({
    issuer: idp.issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    redirectUri: REDIRECT_URI,
    email: typed.email ?? ADA.email,
    password: typed.password ?? ADA.password,
  });
}

/** A token exchange with everything right, except what `change` says; `undefined` leaves a member out. */
async function exchange(
  idToken: string,
  change: Record<string, string | undefined> = {},
  headers: Record<string, string> = {},
) {
  const members = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:id-jag",
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    subject_token: idToken,
    audience: AUDIENCE,
    resource: RESOURCE,
    scope: "tools:call",
    client_id: AGENT.client_id,
    client_secret: AGENT.client_secret,
    ...change,
  };
  const present = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(idp.tokenEndpoint, {
    method: "POST",
    headers,
    body: new URLSearchParams(present),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer,
  };
}

interface Answer {
  access_token: string;
  scope?: string;
  error?: string;
  [member: string]: unknown;
}

function verified(token: string, typ: string) {
  return jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), { issuer: idp.issuer, typ });
}

describe("signing in", () => {
  it("gives the client an ID Token about the user, made for that client", async () => {
    const { idToken, claims } = await signInAda();
    expect(claims).toMatchObject({
      sub: ADA.subject,
      email: ADA.email,
      groups: ADA.groups,
      amr: ["pwd"],
    });
    expect(claims).toMatchObject({
      iss: idp.issuer,
      aud: AGENT.client_id,
      auth_time: expect.any(Number),
    });
    expect(decodeProtectedHeader(idToken).alg).toBe("ES256");
  });

  it("refuses a wrong password and an unknown user alike", async () => {
    const refusal = "sign-in refused: Wrong email address or password.";
    await expect(signInAda(AGENT, { password: "difference engine" })).rejects.toThrow(refusal);
    await expect(signInAda(AGENT, { email: "eve@example.com", password: "" })).rejects.toThrow(refusal);
  });

  it("refuses a request without PKCE", async () => {
    const url = new URL(idp.authorizationEndpoint);
    url.search = `${new URLSearchParams({ response_type: "code", client_id: "agent", redirect_uri: REDIRECT_URI, scope: "openid" })}`;
    const response = await fetch(url, { redirect: "manual" });
    const answer = new URL(response.headers.get("location") ?? "").searchParams;
    expect(answer.get("error")).toBe("invalid_request");
    expect(answer.get("code")).toBeNull();
  });

  it("does not show one browser's login form to another", async () => {
    const response = await fetch(`${idp.issuer}/interaction/somebody-elses`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("<form");
  });
});

describe("issuing an ID-JAG", () => {
  it("says in its metadata that it issues them", async () => {
    const response = await fetch(`${idp.issuer}/.well-known/oauth-authorization-server`);
    expect(await response.json()).toMatchObject({
      issuer: idp.issuer,
      identity_chaining_requested_token_types_supported: ["urn:ietf:params:oauth:token-type:id-jag"],
    });
  });

  it("answers as §4.3.4 says", async () => {
    const { status, headers, body } = await exchange((await signInAda()).idToken);
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toMatchObject({
      issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
      token_type: "N_A",
      expires_in: 300,
      scope: "tools:call",
    });
    expect(body).not.toHaveProperty("refresh_token");
  });

  it("puts in it what §3.1 says, and the client's identifier at the audience", async () => {
    const { idToken, claims } = await signInAda();
    const { body } = await exchange(idToken);
    const { payload } = await verified(body.access_token, "oauth-id-jag+jwt");
    expect(payload).toEqual({
      iss: idp.issuer,
      sub: ADA.subject,
      email: ADA.email,
      aud: AUDIENCE,
      client_id: "agent-at-crossgate",
      resource: RESOURCE,
      scope: "tools:call",
      auth_time: claims["auth_time"],
      amr: ["pwd"],
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 300,
    });
  });

  it("never gives two of them the same jti", async () => {
    const { idToken } = await signInAda();
    const issued = [await exchange(idToken), await exchange(idToken)];
    const [first, second] = await Promise.all(
      issued.map(({ body }) => verified(body.access_token, "oauth-id-jag+jwt")),
    );
    expect(first?.payload.jti).not.toBe(second?.payload.jti);
  });

  it("takes the official client's request", async () => {
    const { idToken } = await signInAda();
    const registration = { clientId: AGENT.client_id, clientSecret: AGENT.client_secret };
    const idJag = await requestIdJag({
      idp: { issuer: idp.issuer, ...registration },
      idToken,
      audience: AUDIENCE,
      resource: RESOURCE,
    });
    const { payload } = await verified(idJag, "oauth-id-jag+jwt");
    expect(payload).toMatchObject({ scope: "tools:read tools:call" });
  });

  it("binds it to the key of a DPoP proof", async () => {
    const { idToken } = await signInAda();
    const proof = await dpopProof(idp.tokenEndpoint);
    const { body } = await exchange(idToken, {}, { dpop: proof.jwt });
    const { payload } = await verified(body.access_token, "oauth-id-jag+jwt");
    expect(payload["cnf"]).toEqual({ jkt: proof.thumbprint });
  });

  it("gives the permitted part of the requested scope", async () => {
    const { body } = await exchange((await signInAda()).idToken, { scope: "tools:call admin" });
    expect(body.scope).toBe("tools:call");
  });
});

describe("refusing the exchange", () => {
  const anotherType = "urn:ietf:params:oauth:token-type:access_token";
  const refusals: [what: string, change: Record<string, string | undefined>, answer: string][] = [
    ["an unknown audience", { audience: "https://elsewhere.example" }, "400 invalid_target"],
    ["no audience", { audience: undefined }, "400 invalid_request"],
    ["another audience's resource", { resource: "https://two.example/a" }, "400 invalid_target"],
    ["an ambiguous resource", { audience: "https://two.example", resource: undefined }, "400 invalid_target"],
    ["scope outside the policy", { scope: "admin" }, "400 invalid_scope"],
    ["another requested type", { requested_token_type: anotherType }, "400 invalid_request"],
    ["another subject token type", { subject_token_type: anotherType }, "400 invalid_request"],
    ["an actor token", { actor_token: "anything" }, "400 invalid_request"],
    ["authorization details", { authorization_details: "[]" }, "400 invalid_authorization_details"],
    ["a wrong client secret", { client_secret: "guess" }, "401 invalid_client"],
    ["no client authentication", { client_secret: undefined }, "401 invalid_client"],
    ["no subject token", { subject_token: undefined }, "400 invalid_request"],
    ["a subject token that is no JWT", { subject_token: "opaque" }, "400 invalid_grant"],
  ];

  it.each(refusals)("refuses %s", async (_what, change, refusal) => {
    const { status, body } = await exchange((await signInAda()).idToken, change);
    expect(`${status} ${body.error}`).toBe(refusal);
    expect(body).not.toHaveProperty("access_token");
  });

  it("refuses an ID Token that was made for another client", async () => {
    const answer = await exchange((await signInAda(STRANGER)).idToken);
    expect(answer.body.error).toBe("invalid_grant");
  });

  it("refuses a client that no policy names, with an ID Token of its own", async () => {
    const credentials = { client_id: STRANGER.client_id, client_secret: STRANGER.client_secret };
    const answer = await exchange((await signInAda(STRANGER)).idToken, credentials);
    expect(answer.body.error).toBe("invalid_target");
  });

  it("refuses an ID Token signed by somebody else", async () => {
    const { claims, idToken } = await signInAda();
    const { privateKey } = await generateKeyPair("ES256");
    const header = { alg: "ES256", kid: decodeProtectedHeader(idToken).kid ?? "" };
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
    expect((await exchange(forged)).body.error).toBe("invalid_grant");
  });

  it("refuses an ID-JAG in place of an ID Token", async () => {
    const { body } = await exchange((await signInAda()).idToken, { audience: AGENT.client_id });
    expect((await exchange(body.access_token)).body.error).toBe("invalid_grant");
  });

  it("refuses an ID Token that has expired", async () => {
    const { idToken } = await signInAda();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * 3600 * 1000 });
    expect((await exchange(idToken)).body.error).toBe("invalid_grant");
  });

  it("refuses a DPoP proof for another endpoint, and one that it has seen", async () => {
    const { idToken } = await signInAda();
    const elsewhere = await dpopProof("https://elsewhere.example/token");
    expect((await exchange(idToken, {}, { dpop: elsewhere.jwt })).body.error).toBe("invalid_dpop_proof");
    const proof = await dpopProof(idp.tokenEndpoint);
    expect((await exchange(idToken, {}, { dpop: proof.jwt })).status).toBe(200);
    expect((await exchange(idToken, {}, { dpop: proof.jwt })).body.error).toBe("invalid_grant");
  });
});

async function dpopProof(htu: string) {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const jwt = await new SignJWT({ htm: "POST", htu, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
    .setIssuedAt()
    .sign(privateKey);
  return { jwt, thumbprint: await calculateJwkThumbprint(jwk) };
}

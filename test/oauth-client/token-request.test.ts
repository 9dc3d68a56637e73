import { describe, expect, it } from "vitest";
import type { TextAnswer } from "../../src/egress/exchange.ts";
import { LIMITS } from "../../src/limits.ts";
import {
  authorizationCodeGrant,
  clientCredentialsGrant,
  jwtBearerGrant,
  refreshTokenGrant,
} from "../../src/oauth-client/grants.ts";
import { requestToken } from "../../src/oauth-client/token-request.ts";
import { formOf, json, scriptedEgress, text } from "../support/scripted-egress.ts";

const TOKEN_ENDPOINT = "https://as.example.net/token";
const SECRET = "canary-of-the-client-secret";
const CANARY = "canary-of-the-other-side";

function request(
  answer: TextAnswer | "unreachable" | "redirect" | "too_large",
  grant = clientCredentialsGrant({ scope: "a b" }),
) {
  const egress = scriptedEgress({ [TOKEN_ENDPOINT]: answer });
  const server = {
    issuer: "https://as.example.net",
    tokenEndpoint: TOKEN_ENDPOINT,
    clientAuthenticationMethods: ["client_secret_basic"],
  };
  const client = { method: "client_secret_basic", clientId: "us", secret: SECRET } as const;
  const asked = { server, client, grant, nowSeconds: 1_900_000_000, expectedType: "bearer" } as const;
  return { egress, issued: requestToken(asked, egress) };
}

const granted = (changes: Record<string, unknown> = {}) => ({
  access_token: "abc.DEF-_~+/==",
  token_type: "Bearer",
  expires_in: 600,
  ...changes,
});

describe("a token request", () => {
  it.each([
    [clientCredentialsGrant({ scope: "a b" }), { grant_type: "client_credentials", scope: "a b" }],
    [
      clientCredentialsGrant({ resource: "https://files.example.net/mcp" }),
      { grant_type: "client_credentials", resource: "https://files.example.net/mcp" },
    ],
    [refreshTokenGrant("r&=1", {}), { grant_type: "refresh_token", refresh_token: "r&=1" }],
    [
      authorizationCodeGrant({ code: "c", redirectUri: "https://c.example/cb", codeVerifier: "v" }),
      { grant_type: "authorization_code", code: "c", redirect_uri: "https://c.example/cb", code_verifier: "v" },
    ],
    [
      jwtBearerGrant("x.y.z", { scope: "a" }),
      { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "x.y.z", scope: "a" },
    ],
  ])("posts one form with what was asked and no more: %o", async (grant, form) => {
    const { egress, issued } = request(json(granted()), grant);
    await issued;
    expect(egress.requests).toHaveLength(1);
    expect(formOf(egress.requests[0])).toEqual(form);
    expect(egress.requests[0]).toMatchObject({
      url: TOKEN_ENDPOINT,
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      maximumBytes: LIMITS.oauthAnswerBytes,
      milliseconds: LIMITS.oauthAnswerMilliseconds,
    });
  });

  it("has the token and what is said of it", async () => {
    const all = { scope: "a", refresh_token: "r1", id_token: "x.y.z", issued_token_type: "urn:x", anything: "else" };
    expect(await request(json(granted(all))).issued).toEqual({
      token: "abc.DEF-_~+/==",
      lifetimeSeconds: 600,
      scope: "a",
      refreshToken: "r1",
      idToken: "x.y.z",
      issuedTokenType: "urn:x",
    });
  });

  it("supposes little of a token whose lifetime is not said, and of a long one no more than an hour", async () => {
    const silent = await request(json(granted({ expires_in: undefined }))).issued;
    expect(silent.lifetimeSeconds).toBe(LIMITS.issuedTokenLifetimeDefaultSeconds);
    const long = await request(json(granted({ expires_in: 10 ** 9 }))).issued;
    expect(long.lifetimeSeconds).toBe(LIMITS.issuedTokenLifetimeMaximumSeconds);
  });

  it.each([
    { access_token: undefined },
    { access_token: "" },
    { access_token: "a b" },
    { access_token: "a\r\nx-injected: 1" },
    { access_token: "ä" },
    { access_token: "x".repeat(LIMITS.issuedTokenCharacters + 1) },
    { token_type: undefined },
    { token_type: ["Bearer"] },
    { expires_in: 0 },
    { expires_in: -1 },
    { expires_in: 1.5 },
    { expires_in: "600" },
    { refresh_token: "r\u0000" },
    { refresh_token: 7 },
    { refresh_token: "r".repeat(LIMITS.issuedTokenCharacters + 1) },
    { scope: "a  b" },
    { scope: ["a"] },
    { id_token: "" },
    { issued_token_type: 1 },
  ])("takes no answer that is malformed: %o", async (changes) => {
    await expect(request(json(granted(changes))).issued).rejects.toMatchObject({ flaw: "answer_malformed" });
  });

  it.each(["DPoP", "N_A", "mac", "Bearer "])("takes no token of the type %s", async (token_type) => {
    await expect(request(json(granted({ token_type }))).issued).rejects.toMatchObject({ flaw: "token_type" });
  });

  it("compares the type without case (RFC 6749 §5.1)", async () => {
    expect((await request(json(granted({ token_type: "bEARER" }))).issued).token).toBe(granted().access_token);
  });

  it.each([
    ["invalid_grant", 400, "grant_refused"],
    ["invalid_client", 401, "client_refused"],
    ["unauthorized_client", 400, "client_refused"],
    ["invalid_scope", 400, "scope_refused"],
    ["invalid_target", 400, "target_refused"],
    ["access_denied", 400, "access_denied"],
    ["insufficient_user_authentication", 400, "authentication_insufficient"],
    ["temporarily_unavailable", 400, "unavailable"],
    ["invalid_grant", 503, "unavailable"],
    ["invalid_grant", 429, "unavailable"],
    ["toString", 400, "request_refused"],
    [{ invalid: 1 }, 400, "request_refused"],
    ["invalid_grant", 201, "answer_malformed"],
  ])("says which of its own reasons %o with %i is", async (error, status, flaw) => {
    const { issued } = request(
      json({ error, error_description: CANARY, error_uri: `https://x.example/${CANARY}` }, status),
    );
    await expect(issued).rejects.toMatchObject({ flaw });
  });

  it("does not take a page that stands in between for the word that a grant is spent", async () => {
    const page = text('{"error":"invalid_grant"}', 400, { "content-type": "text/html" });
    await expect(request(page).issued).rejects.toMatchObject({ flaw: "answer_malformed" });
  });

  it.each([
    ["unreachable", "unavailable"],
    ["redirect", "answer_malformed"],
    ["too_large", "answer_malformed"],
  ] as const)("is not answered by what is %s", async (failed, flaw) => {
    await expect(request(failed).issued).rejects.toMatchObject({ flaw });
  });

  it("repeats no word of the other side and none of its own secrets in what it throws", async () => {
    for (const answer of [
      json({ error: CANARY, error_description: CANARY }, 400),
      json({ access_token: `${CANARY} ${CANARY}`, token_type: "Bearer" }),
      text(`{"${CANARY}"`, 200, { "content-type": "application/json" }),
    ]) {
      const error = await request(answer).issued.catch((caught: unknown) => caught);
      const said =
        error instanceof Error ? [error.message, error.stack, JSON.stringify(error), String(error.cause)].join() : "";
      expect(said).not.toContain(CANARY);
      expect(said).not.toContain(SECRET);
      expect(said).toContain("OAuthFailure");
    }
  });
});

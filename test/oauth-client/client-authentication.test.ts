import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { authenticate, type OwnClient } from "../../src/oauth-client/client-authentication.ts";
import { makeTestKey } from "../support/test-idp.ts";

const NOW = 1_900_000_000;
const server = (...clientAuthenticationMethods: string[]) => ({
  issuer: "https://as.example.net",
  clientAuthenticationMethods,
});

describe("authenticating at another's token endpoint", () => {
  it("sends a secret in the header, form-encoded first, so that no character of it makes another pair", async () => {
    const client = { method: "client_secret_basic", clientId: "a:b", secret: "pä ss%+:" } as const;
    const { headers, parameters } = await authenticate(client, server("client_secret_basic"), NOW);
    expect(atob((headers["authorization"] ?? "").replace("Basic ", ""))).toBe("a%3Ab:p%C3%A4+ss%25%2B%3A");
    expect(parameters).toEqual({});
  });

  it("sends a secret in the form where the server wants it there, and nowhere else", async () => {
    const client = { method: "client_secret_post", clientId: "us", secret: "hush" } as const;
    expect(await authenticate(client, server("client_secret_post"), NOW)).toEqual({
      headers: {},
      parameters: { client_id: "us", client_secret: "hush" },
    });
  });

  it("signs a proof for this issuer alone, for a minute, of a type that nothing else of ours has", async () => {
    const { kid, privateKey, publicJwk } = await makeTestKey("ES256");
    const client: OwnClient = { method: "private_key_jwt", clientId: "us", key: { kid, key: privateKey } };
    const { parameters } = await authenticate(client, server("private_key_jwt"), NOW);
    const assertion = parameters["client_assertion"] ?? "";
    expect(parameters).toMatchObject({
      client_id: "us",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    });
    expect(decodeProtectedHeader(assertion)).toEqual({ typ: "client-authentication+jwt", alg: "ES256", kid });
    const { payload } = await jwtVerify(assertion, publicJwk, { currentDate: new Date(NOW * 1000) });
    expect(payload).toEqual({
      iss: "us",
      sub: "us",
      aud: "https://as.example.net",
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: NOW,
      exp: NOW + LIMITS.ownClientAssertionLifetimeSeconds,
    });
    const again = await authenticate(client, server("private_key_jwt"), NOW);
    expect(again.parameters["client_assertion"]).not.toBe(assertion);
  });

  it("only says who we are where there is nothing to prove it by", async () => {
    const proof = await authenticate({ method: "none", clientId: "us" }, server("none"), NOW);
    expect(proof).toEqual({ headers: {}, parameters: { client_id: "us" } });
  });

  it("gives a secret to no server that does not take it in this way", async () => {
    const client = { method: "client_secret_post", clientId: "us", secret: "hush" } as const;
    const refused = authenticate(client, server("client_secret_basic", "private_key_jwt"), NOW);
    await expect(refused).rejects.toMatchObject({ flaw: "method_unsupported" });
  });
});

import { describe, expect, it } from "vitest";
import type { AuthorizationServer } from "../../src/oauth-client/discovery.ts";
import { OAuthFailure } from "../../src/oauth-client/oauth-failure.ts";
import { revokeToken } from "../../src/oauth-client/token-revocation.ts";
import { formOf, json, scriptedEgress } from "../support/scripted-egress.ts";

const ISSUER = "https://as.example.net";
const SERVER: AuthorizationServer = {
  issuer: ISSUER,
  tokenEndpoint: `${ISSUER}/token`,
  authorizationEndpoint: null,
  revocationEndpoint: `${ISSUER}/revoke`,
  jwksUri: null,
  clientAuthenticationMethods: ["client_secret_basic", "none"],
  hasS256: true,
  namesItself: false,
  acceptsMetadataDocuments: false,
  redeemsIdJags: false,
};
const REVOKED = {
  server: SERVER,
  client: { method: "client_secret_basic", clientId: "us", secret: "hush" },
  token: "refresh-1",
  hint: "refresh_token",
  nowSeconds: 0,
} as const;

async function flawOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof OAuthFailure ? error.flaw : "none";
}

describe("revoking a token at its server (RFC 7009)", () => {
  it("posts the token and nothing else to the revocation endpoint, as the client that we are there", async () => {
    const egress = scriptedEgress({ [`${ISSUER}/revoke`]: json({}, 200) });
    await revokeToken(REVOKED, egress);
    const [request, ...others] = egress.requests;
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: "POST", headers: { authorization: `Basic ${btoa("us:hush")}` } });
    if (request !== undefined)
      expect(formOf(request)).toEqual({ token: "refresh-1", token_type_hint: "refresh_token" });
  });

  it("says who it is where there is no secret to prove it with", async () => {
    const egress = scriptedEgress({ [`${ISSUER}/revoke`]: json({}, 200) });
    await revokeToken({ ...REVOKED, client: { method: "none", clientId: "us" }, hint: "access_token" }, egress);
    const [request] = egress.requests;
    if (request === undefined) throw new Error("nothing was asked");
    expect(formOf(request)).toEqual({ token: "refresh-1", token_type_hint: "access_token", client_id: "us" });
  });

  it("asks nobody where the server revokes nothing, or takes no such authentication", async () => {
    const egress = scriptedEgress({});
    const silent = { ...SERVER, revocationEndpoint: null };
    expect(await flawOf(revokeToken({ ...REVOKED, server: silent }, egress))).toBe("method_unsupported");
    const strict = { ...SERVER, clientAuthenticationMethods: ["private_key_jwt"] };
    expect(await flawOf(revokeToken({ ...REVOKED, server: strict }, egress))).toBe("method_unsupported");
    expect(egress.requests).toEqual([]);
  });

  it.each([
    [400, "unsupported_token_type", "request_refused"],
    [401, "invalid_client", "client_refused"],
    [503, "server_error", "unavailable"],
    [204, "none", "request_refused"],
  ])("has failed when the server answers %i %s", async (status, error, flaw) => {
    const egress = scriptedEgress({ [`${ISSUER}/revoke`]: json({ error }, status) });
    expect(await flawOf(revokeToken(REVOKED, egress))).toBe(flaw);
  });
});

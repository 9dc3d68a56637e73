import { describe, expect, it } from "vitest";
import { discoverAuthorizationServer, discoverIssuerOf } from "../../src/oauth-client/discovery.ts";
import { json, scriptedEgress, text } from "../support/scripted-egress.ts";

const ISSUER = "https://as.example.net";
const WELL_KNOWN = `${ISSUER}/.well-known/oauth-authorization-server`;
const RESOURCE = "https://files.example.net/mcp";
const RESOURCE_METADATA = "https://files.example.net/.well-known/oauth-protected-resource/mcp";

const metadata = (changes: Record<string, unknown> = {}) => ({
  issuer: ISSUER,
  token_endpoint: `${ISSUER}/token`,
  ...changes,
});

function discover(document: unknown, issuer = ISSUER) {
  return discoverAuthorizationServer(issuer, scriptedEgress({ [WELL_KNOWN]: json(document) }));
}

describe("an authorization server's metadata (RFC 8414)", () => {
  it("is what it says of itself, and what the specification says where it does not", async () => {
    expect(await discover(metadata({ anything: ["else"] }))).toEqual({
      issuer: ISSUER,
      tokenEndpoint: `${ISSUER}/token`,
      authorizationEndpoint: null,
      revocationEndpoint: null,
      jwksUri: null,
      clientAuthenticationMethods: ["client_secret_basic"],
      hasS256: false,
      namesItself: false,
      acceptsMetadataDocuments: false,
      redeemsIdJags: false,
    });
  });

  it("is looked for between host and path, then in the two forms of OpenID Connect", async () => {
    const egress = scriptedEgress({});
    await expect(discoverAuthorizationServer(`${ISSUER}/t/acme/`, egress)).rejects.toMatchObject({
      flaw: "metadata_absent",
    });
    expect(egress.requests.map(({ url }) => url)).toEqual([
      `${ISSUER}/.well-known/oauth-authorization-server/t/acme`,
      `${ISSUER}/.well-known/openid-configuration/t/acme`,
      `${ISSUER}/t/acme/.well-known/openid-configuration`,
    ]);
  });

  it("is not looked for elsewhere where there is one that is wrong", async () => {
    const egress = scriptedEgress({
      [WELL_KNOWN]: json(metadata({ issuer: "https://other.example" })),
      [`${ISSUER}/.well-known/openid-configuration`]: json(metadata()),
    });
    await expect(discoverAuthorizationServer(ISSUER, egress)).rejects.toMatchObject({ flaw: "issuer_mismatch" });
  });

  it("is found behind a page for people that answers to every path", async () => {
    const page = text("<html>", 200, { "content-type": "text/html" });
    const openid = `${ISSUER}/.well-known/openid-configuration`;
    const egress = scriptedEgress({ [WELL_KNOWN]: page, [openid]: json(metadata()) });
    expect((await discoverAuthorizationServer(ISSUER, egress)).tokenEndpoint).toBe(`${ISSUER}/token`);
  });

  it.each([`${ISSUER}/`, "https://AS.example.net", "https://as.example.net:443", "https://as.example.net/x"])(
    "is of exactly the issuer that was asked for, not of %s [JAG-L-07]",
    async (issuer) => {
      await expect(discover(metadata({ issuer }))).rejects.toMatchObject({ flaw: "issuer_mismatch" });
    },
  );

  it.each([
    { token_endpoint: "http://as.example.net/token" },
    { token_endpoint: "https://10.0.0.1/token" },
    { token_endpoint: "https://crossgate.example/token" },
    { authorization_endpoint: "javascript:alert(1)" },
    { authorization_endpoint: "https://user@as.example.net/" },
    { revocation_endpoint: "https://metadata.internal/x" },
    { jwks_uri: "https://localhost/jwks" },
  ])("sends nobody to %o", async (changes) => {
    await expect(discover(metadata(changes))).rejects.toMatchObject({ flaw: "address" });
  });

  it.each([
    [],
    null,
    { issuer: ISSUER },
    metadata({ token_endpoint: 7 }),
    metadata({ token_endpoint_auth_methods_supported: "none" }),
    metadata({ code_challenge_methods_supported: [1] }),
    metadata({ authorization_response_iss_parameter_supported: "true" }),
  ])("is refused as a whole when it is malformed: %o", async (document) => {
    await expect(discover(document)).rejects.toMatchObject({ flaw: "metadata_malformed" });
  });

  it("is refused when one member comes twice", async () => {
    const twice = `{"issuer":"${ISSUER}","token_endpoint":"https://a.example/t","token_endpoint":"https://b.example/t"}`;
    const egress = scriptedEgress({ [WELL_KNOWN]: text(twice, 200, { "content-type": "application/json" }) });
    await expect(discoverAuthorizationServer(ISSUER, egress)).rejects.toMatchObject({ flaw: "metadata_malformed" });
  });

  it.each(["not a url", "https://as.example.net?tenant=a"])(
    "is not looked for of %s, which is no issuer",
    async (issuer) => {
      const egress = scriptedEgress({});
      await expect(discoverAuthorizationServer(issuer, egress)).rejects.toMatchObject({ flaw: "address" });
      expect(egress.requests).toEqual([]);
    },
  );

  it.each([json({}, 500), json({}, 503), json({}, 429), "unreachable" as const])(
    "is not absent because its host does not answer: %o",
    async (answer) => {
      const egress = scriptedEgress({ [WELL_KNOWN]: answer });
      await expect(discoverAuthorizationServer(ISSUER, egress)).rejects.toMatchObject({ flaw: "unavailable" });
    },
  );
});

describe("a protected resource's metadata (RFC 9728)", () => {
  const document = (changes: Record<string, unknown> = {}) => ({
    resource: RESOURCE,
    authorization_servers: [ISSUER],
    ...changes,
  });
  const challenge = (address: string) =>
    text("", 401, { "www-authenticate": `Bearer error="invalid_token", resource_metadata="${address}"` });

  it("names the server to ask", async () => {
    expect(await discoverIssuerOf(RESOURCE, scriptedEgress({ [RESOURCE_METADATA]: json(document()) }))).toBe(ISSUER);
  });

  it("is found where the challenge says, when it is not where the URL has it", async () => {
    const elsewhere = "https://files.example.net/about-us";
    const egress = scriptedEgress({ [RESOURCE]: challenge(elsewhere), [elsewhere]: json(document()) });
    expect(await discoverIssuerOf(RESOURCE, egress)).toBe(ISSUER);
    expect(egress.requests[1]).toMatchObject({ url: RESOURCE, method: "GET", maximumBytes: 0 });
  });

  it.each(["https://evil.example/about-us", "http://files.example.net/about-us", "no url"])(
    "is not fetched from %s because a challenge says so",
    async (elsewhere) => {
      const egress = scriptedEgress({ [RESOURCE]: challenge(elsewhere), [elsewhere]: json(document()) });
      await expect(discoverIssuerOf(RESOURCE, egress)).rejects.toMatchObject({ flaw: "address" });
      expect(egress.requests).toHaveLength(2);
    },
  );

  it("is not taken from a challenge of an answer that is no 401", async () => {
    const egress = scriptedEgress({ [RESOURCE]: { ...challenge(RESOURCE_METADATA), status: 200 } });
    await expect(discoverIssuerOf(RESOURCE, egress)).rejects.toMatchObject({ flaw: "metadata_absent" });
  });

  it.each(["https://files.example.net", `${RESOURCE}/`, "https://files.example.net/MCP", "https://evil.example/mcp"])(
    "is about exactly this resource, not about %s [JAG-L-07]",
    async (resource) => {
      const egress = scriptedEgress({ [RESOURCE_METADATA]: json(document({ resource })) });
      await expect(discoverIssuerOf(RESOURCE, egress)).rejects.toMatchObject({ flaw: "resource_mismatch" });
    },
  );

  it("does not choose among several servers", async () => {
    const several = document({ authorization_servers: [ISSUER, "https://evil.example"] });
    const egress = scriptedEgress({ [RESOURCE_METADATA]: json(several) });
    await expect(discoverIssuerOf(RESOURCE, egress)).rejects.toMatchObject({ flaw: "authorization_server_ambiguous" });
  });

  it.each([{ authorization_servers: [] }, { authorization_servers: ISSUER }, { resource: [RESOURCE] }])(
    "is refused when it is malformed: %o",
    async (changes) => {
      const egress = scriptedEgress({ [RESOURCE_METADATA]: json(document(changes)) });
      await expect(discoverIssuerOf(RESOURCE, egress)).rejects.toMatchObject({ flaw: "metadata_malformed" });
    },
  );
});

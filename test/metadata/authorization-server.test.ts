import { describe, expect, it } from "vitest";
import { authorizationServerMetadata } from "../../src/metadata/authorization-server.ts";

const ISSUER = "https://crossgate.example";

describe("authorization server metadata", () => {
  const metadata = authorizationServerMetadata(ISSUER);

  it("says what this server does (RFC 8414, ID-JAG §9.4) [CVE-2025-6514] [JAG-M-02, JAG-M-03, D8414-02]", () => {
    expect(metadata).toMatchObject({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
      grant_types_supported: [
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:jwt-dpop",
      ],
      authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    });
  });

  it("says where tokens are asked about, by whom, and how its answer is signed [IN-01, IN-02]", () => {
    expect(metadata).toMatchObject({
      introspection_endpoint: `${ISSUER}/introspect`,
      introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      introspection_signing_alg_values_supported: ["ES256"],
    });
  });

  it("says where a provider ends all that a user has [GTR-04]", () => {
    expect(metadata).toMatchObject({
      global_token_revocation_endpoint: `${ISSUER}/global-token-revocation`,
      global_token_revocation_endpoint_auth_methods_supported: ["private_key_jwt"],
    });
  });

  it("says that a client may be the URL of its metadata document [CIMD-13]", () => {
    expect(metadata).toHaveProperty("client_id_metadata_document_supported", true);
  });

  // The official MCP SDKs refuse a document without them (design §5).
  it("has what the MCP SDKs insist on [JAG-M-08, JAG-M-09]", () => {
    expect(metadata).toMatchObject({
      authorization_endpoint: `${ISSUER}/authorize`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
    });
  });

  // RFC 8725: neither `none` nor a shared secret may be announced, for what is announced gets used.
  it.each([
    "token_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
  ])("names only asymmetric algorithms in %s", (member) => {
    expect(metadata[member]).toEqual(["ES256", "RS256", "PS256", "ES384", "EdDSA", "Ed25519"]);
  });

  it("announces neither public clients nor refresh tokens nor registration [JAG-R-50]", () => {
    const text = JSON.stringify(metadata);
    for (const absent of ['"none"', "refresh_token", "registration_endpoint", "implicit"]) {
      expect(text).not.toContain(absent);
    }
  });
});

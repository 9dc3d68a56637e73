import { describe, expect, it } from "vitest";
import {
  challengeScopes,
  protectedResourceMetadata,
  protectedResourceMetadataUrl,
  resourceOfMetadataPath,
} from "../../src/metadata/protected-resource.ts";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { makeResource } from "../support/redemption.ts";

describe("where the metadata of a resource is (RFC 9728 §3.1)", () => {
  it.each([
    [`${CROSSGATE}/mcp/files`, `${CROSSGATE}/.well-known/oauth-protected-resource/mcp/files`],
    [`${CROSSGATE}/mcp`, `${CROSSGATE}/.well-known/oauth-protected-resource/mcp`],
    [`${CROSSGATE}/mcp/`, `${CROSSGATE}/.well-known/oauth-protected-resource/mcp/`],
    [`${CROSSGATE}/`, `${CROSSGATE}/.well-known/oauth-protected-resource`],
    [CROSSGATE, `${CROSSGATE}/.well-known/oauth-protected-resource`],
  ])("%s: %s", (identifier, url) => {
    expect(protectedResourceMetadataUrl(identifier)).toBe(url);
  });

  it.each([`${CROSSGATE}/mcp/files`, `${CROSSGATE}/mcp/`, `${CROSSGATE}/a/b/c`, CROSSGATE])(
    "leads back to %s",
    (identifier) => {
      const { origin, pathname } = new URL(protectedResourceMetadataUrl(identifier));
      expect(resourceOfMetadataPath(origin, pathname)).toBe(identifier);
    },
  );

  it.each(["/", "/mcp", "/.well-known/oauth-protected-resourcex", "/.well-known/oauth-protected-resourc"])(
    "is not at %s",
    (pathname) => {
      expect(resourceOfMetadataPath(CROSSGATE, pathname)).toBeNull();
    },
  );
});

describe("the metadata of a resource", () => {
  it("names the providers whose own tokens are taken, after us", () => {
    const providers = { "https://idp.example.com": {}, "https://a.example": {}, [CROSSGATE]: {} };
    const metadata = protectedResourceMetadata(makeResource({ provider_tokens: providers }), CROSSGATE);
    expect(metadata["authorization_servers"]).toEqual([CROSSGATE, "https://idp.example.com", "https://a.example"]);
  });

  it("says where to get a token for it, and nothing of what is behind it [P9728-03]", () => {
    const metadata = protectedResourceMetadata(makeResource(), CROSSGATE);
    expect(metadata).toMatchObject({
      resource: RESOURCE,
      authorization_servers: [CROSSGATE],
      scopes_supported: ["files:read", "files:write"],
      bearer_methods_supported: ["header"],
      dpop_bound_access_tokens_required: false,
    });
    const text = JSON.stringify(metadata);
    for (const inner of ["files.example.net", "read_file", "upstream"]) expect(text).not.toContain(inner);
  });

  it("says that a bound token is needed, where it is", () => {
    const metadata = protectedResourceMetadata(makeResource({ dpop_required: true }), CROSSGATE);
    expect(metadata).toMatchObject({ dpop_bound_access_tokens_required: true });
  });

  it("asks for as little as the owner says", () => {
    expect(challengeScopes(makeResource())).toEqual(["files:read", "files:write"]);
    expect(challengeScopes(makeResource({ challenge_scopes: ["files:read"] }))).toEqual(["files:read"]);
    expect(challengeScopes(makeResource({ challenge_scopes: [] }))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { callbackUri } from "../../src/connect/redirect-uri.ts";
import { clientDocument } from "../../src/connect/client-document.ts";
import { readClientMetadata } from "../../src/trust/client-metadata.ts";

const ISSUER = "https://mcp.example.com";

describe("the document that says who we are at other people's authorization servers", () => {
  it("is known by its own address, and proved by keys of the same origin, as we ask of others' [CIMD-03, CIMD-05]", () => {
    const document = clientDocument(ISSUER);
    expect(document).toMatchObject({
      client_id: `${ISSUER}/.well-known/crossgate-client`,
      token_endpoint_auth_method: "private_key_jwt",
      jwks_uri: `${ISSUER}/jwks`,
    });
    expect(JSON.stringify(document)).not.toContain("secret");
    const read = readClientMetadata(JSON.stringify(document), {
      clientId: `${ISSUER}/.well-known/crossgate-client`,
      rules: { ownHost: "other.example", allowsLoopback: false },
    });
    expect(read).toMatchObject({ keySource: { kind: "remote" } });
  });

  it("lists the one redirect URI that is used with it", async () => {
    const uri = await callbackUri({ client: { kind: "metadata_document" } }, "https://as.example", ISSUER);
    expect(clientDocument(ISSUER)).toMatchObject({ redirect_uris: [uri] });
  });
});

describe("the redirect URI of a client that is registered by hand", () => {
  it("is another at each authorization server, and always the same at one", async () => {
    const at = (server: string) => callbackUri({ client: { kind: "registered" } }, server, ISSUER);
    expect(await at("https://as.example")).toMatch(/^https:\/\/mcp\.example\.com\/connect\/callback\/[\w-]{22}$/);
    expect(await at("https://as.example")).toBe(await at("https://as.example"));
    expect(await at("https://as.example/")).not.toBe(await at("https://as.example"));
  });
});

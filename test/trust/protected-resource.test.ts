import { describe, expect, it } from "vitest";
import { normalizeUrl } from "../../src/dpop/normalize-url.ts";
import { protectedResourceSchema } from "../../src/trust/protected-resource.ts";
import { resourceDocument } from "../support/documents.ts";

function flawOf(resource: string): string | null {
  const { error } = protectedResourceSchema.safeParse({ ...resourceDocument(), resource });
  return error === undefined ? null : (error.issues[0]?.message ?? "");
}

describe("the URL of an MCP server", () => {
  it.each([
    "https://mcp.example/a",
    "https://mcp.example",
    "https://mcp.example/",
    "https://mcp.example/a/b-c_d.e~f",
    "https://mcp.example/a%7Cb",
    "https://mcp.example/(a);b=c,d@e:f!g$h'i*j+k",
    "http://127.0.0.1:8787/mcp",
  ])("may be %s, which a DPoP proof can name", (resource) => {
    expect(flawOf(resource)).toBeNull();
    expect(normalizeUrl(resource)).not.toBeNull();
  });

  it.each(["https://mcp.example/a|b", "https://mcp.example/[a]", "https://mcp.example/a%zz", "https://mcp.example/a%"])(
    "may not be %s, which no DPoP proof can name (RFC 9449 §4.3)",
    (resource) => {
      expect(normalizeUrl(resource)).toBeNull();
      expect(flawOf(resource)).toContain("percent-encode");
    },
  );

  it.each([
    "https://MCP.example/a",
    "https://mcp.example/a/../b",
    "https://mcp.example/a?b",
    "https://mcp.example/a b",
  ])("may not be %s, which the URL parser would change", (resource) => expect(flawOf(resource)).toContain("canonical"));

  it.each([
    "https://mcp.example/token",
    "https://mcp.example/introspect",
    "https://mcp.example/global-token-revocation",
    "https://mcp.example/.well-known/x",
    "https://mcp.example/admin/x",
  ])("may not be %s, which is the authorization server's own", (resource) => expect(flawOf(resource)).toContain("own"));
});

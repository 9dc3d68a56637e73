import { describe, expect, it } from "vitest";
import { DocumentInvalid, parseTrustDocument } from "../../src/trust/documents.ts";
import { clientDocument, idpDocument, policyDocument, resourceDocument } from "../support/documents.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

function flawOf(kind: "idp" | "client" | "resource" | "policy", document: Readonly<Record<string, unknown>>): string {
  const name = { idp: "issuer", client: "client_id", resource: "resource", policy: "organization" }[kind];
  try {
    parseTrustDocument(kind, { name: String(document[name]), text: JSON.stringify(document) }, RULES);
  } catch (error) {
    if (error instanceof DocumentInvalid) return `${error.path}: ${error.reason}`;
    throw error;
  }
  return "none";
}

describe("what is wrong with a document, in words", () => {
  it("names an unknown member, where it is, and what was probably meant", () => {
    expect(flawOf("client", { ...clientDocument(), enabeld: true })).toBe(
      'enabeld: unknown member: did you mean "enabled"?',
    );
    const rule = { id: "r", effect: "permit", clients: "any", resources: "any", scopes: "any", subject: ["a"] };
    expect(flawOf("policy", policyDocument({ rules: [rule] }))).toBe(
      'rules.0.subject: unknown member: did you mean "subjects"?',
    );
    expect(flawOf("idp", { ...idpDocument(), key_set: { jwks_url: "https://idp.example/jwks" } })).toBe(
      'key_set.jwks_url: unknown member: did you mean "jwks_uri"?',
    );
    const scopes = { read: { description: "Read", tool: ["a"] } };
    expect(flawOf("resource", { ...resourceDocument(), scopes })).toBe(
      'scopes.read.tool: unknown member: did you mean "tools"?',
    );
  });

  it("says what there is when nothing is near, and names the others that are unknown", () => {
    expect(flawOf("idp", { ...idpDocument(), key_set: { url: "x", other: 1 } })).toBe(
      "key_set.url: unknown member: there are jwks_uri, keys; unknown here too: other",
    );
  });

  it("tells of the misspelt member rather than of the one that is missing for it", () => {
    const { resources, ...others } = clientDocument();
    expect(flawOf("client", { ...others, resorces: resources })).toBe(
      'resorces: unknown member: did you mean "resources"?',
    );
  });

  it("does not propose to a deny what a permit alone has", () => {
    const rule = { id: "r", effect: "deny", clients: "any", resources: "any", scopes: "any" };
    expect(flawOf("policy", policyDocument({ rules: [rule] }))).not.toContain('"scopes"');
  });

  it("names the member of a choice that does not fit", () => {
    const methods = { methods: ["client_secret_basic"], secret_digests: ["plain text"] };
    expect(flawOf("client", { ...clientDocument(), authentication: methods })).toContain(
      "authentication.secret_digests.0: ",
    );
    expect(flawOf("client", { ...clientDocument(), scopes: ["with space"] })).toContain("scopes.0: ");
  });

  it("says of a URL what is wrong with it and what is allowed, without quoting it", () => {
    const flaw = flawOf("resource", { ...resourceDocument(), upstream: "https://user:hunter2@mcp.example/mcp" });
    expect(flaw).toMatch(/^upstream: URL not allowed: it holds a user name or password; use https/);
    expect(flaw).not.toContain("hunter2");
    expect(flawOf("resource", { ...resourceDocument(), upstream: "http://10.0.0.1/mcp" })).toContain("scheme");
    expect(flawOf("resource", { ...resourceDocument(), upstream: "https://10.0.0.1/mcp" })).toContain("IP address");
    expect(flawOf("resource", { ...resourceDocument(), upstream: "http://127.0.0.1:9000/mcp" })).toContain(
      "for a local Crossgate alone",
    );
    expect(flawOf("resource", { ...resourceDocument(), upstream: "https://crossgate.example/x" })).toContain("own");
  });
});

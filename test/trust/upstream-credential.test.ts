import { describe, expect, it } from "vitest";
import { headerNameSchema, maySetHeader } from "../../src/trust/header-name.ts";
import { contactedUrls, formatSecret, upstreamCredentialSchema } from "../../src/trust/upstream-credential.ts";
import { type Members, resourceDocument } from "../support/documents.ts";
import { parseDocument } from "../support/redemption.ts";

const SECRET = { type: "secret", secret: "files-key" };
const AS = { authorization_server: "https://as.example.net" };
const OWN_KEY = { client_id: "crossgate", method: "private_key_jwt" };
const CLIENT = { client_id: "crossgate", method: "client_secret_basic", secret: "as-secret" };

function parse(credential: Members): ReturnType<typeof upstreamCredentialSchema.parse> | string {
  const parsed = upstreamCredentialSchema.safeParse(credential);
  return parsed.success ? parsed.data : `${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`;
}

describe("what a document says of the credential for its upstream", () => {
  it("is none when it says nothing", () => {
    const document = parseDocument("resource", "https://crossgate.example/mcp/files", resourceDocument());
    expect(document.upstream_credential).toEqual({ type: "none" });
  });

  it.each<[string, Members]>([
    ["none", { type: "none" }],
    ["secret", { ...SECRET, header: "X-Api-Key", format: "{secret}" }],
    ["identity", { type: "identity", audience: "https://files.example.net", headers: { "X-User": "sub" } }],
    ["client_credentials", { type: "client_credentials", ...AS, ...CLIENT, scope: "files:read files:write" }],
    ["client_credentials", { type: "client_credentials", ...OWN_KEY }],
    ["client_credentials", { type: "client_credentials", ...OWN_KEY, secret: "our-key-there" }],
    ["token_exchange", { type: "token_exchange", ...AS, ...CLIENT, resource: "https://files.example.net/mcp" }],
    ["token_exchange", { type: "token_exchange", ...OWN_KEY }],
    ["authorization_code", { type: "authorization_code", client: { kind: "metadata_document" } }],
    ["authorization_code", { type: "authorization_code", client: { kind: "registered", client_id: "crossgate" } }],
    ["authorization_code", code({ method: "private_key_jwt" })],
    ["xaa", { type: "xaa", idp: "https://idp.example.com", idp_client: CLIENT, ...AS, client: CLIENT }],
    ["xaa", { type: "xaa", idp: "https://idp.example.com", idp_client: CLIENT, client: OWN_KEY }],
  ])("may be %s", (type, credential) => expect(parse(credential)).toMatchObject({ type }));

  it.each<[string, Members]>([
    ["a password", { type: "authorization_code", client: { kind: "registered", ...CLIENT } }],
    ["a person's ID token", { type: "token_exchange", ...OWN_KEY, subject_token: "idp_token" }],
  ])("says itself who is sent %s, and leaves it to no server", (_what, credential) => {
    expect(parse(credential)).toMatch(/^authorization_server: /);
    expect(parse({ ...credential, ...AS })).toMatchObject(AS);
  });

  it("is the usual header with a bearer token where it says no more", () => {
    expect(parse(SECRET)).toMatchObject({ header: "authorization", format: "Bearer {secret}" });
    expect(parse({ type: "identity" })).toMatchObject({ header: "authorization", shape: "at+jwt", claims: [] });
  });

  it.each(["Bearer", "{secret} {secret}", " {secret}", "{secret} ", "{secret}\r\nx: y", "Bäarer {secret}", ""])(
    "has no place for the secret but one, in what a header may hold: %j",
    (format) => expect(parse({ ...SECRET, format })).toMatch(/^format: /),
  );

  it.each([undefined, "", "A", "-key", "key-", "a b", "a/b", "../key", "ключ", "k".repeat(129)])(
    "names a secret, and does not hold one: %j",
    (secret) => expect(parse({ ...SECRET, secret })).toMatch(/^secret: /),
  );

  it.each<[string, Members]>([
    ["a member of another type", { ...SECRET, audience: "https://files.example.net" }],
    ["a type that there is not", { type: "basic", secret: "files-key" }],
    ["no type", { secret: "files-key" }],
    ["the secret itself", { type: "secret", value: "hunter2", secret: "files-key" }],
    ["a claim that our tokens do not have", { type: "identity", claims: ["password"] }],
    ["an identity in a header of MCP", { type: "identity", headers: { "Mcp-Session-Id": "sub" } }],
    ["one header twice", { type: "identity", headers: { "X-User": "sub", "x-user": "iss" } }],
    ["the token's own header again", { type: "identity", headers: { Authorization: "sub" } }],
    ["a scope that is none", { type: "client_credentials", ...CLIENT, scope: 'a "b"' }],
    [
      "a method without its secret",
      { type: "client_credentials", ...AS, client_id: "a", method: "client_secret_basic" },
    ],
    ["a client at the provider without its secret", xaa({ idp_client: { ...CLIENT, secret: undefined } })],
    ["a client at the server without its secret", xaa({ client: { ...CLIENT, secret: undefined } })],
    ["no way to prove oneself", { type: "client_credentials", ...AS, ...CLIENT, method: "none" }],
    ["a code's client that proves itself by nothing", code({ method: "client_secret_post" })],
    ["a code's client that has a secret and does not use it", code({ secret: "as-secret" })],
  ])("does not parse with %s", (_name, credential) => expect(typeof parse(credential)).toBe("string"));

  it.each<Members>([
    { type: "client_credentials", ...CLIENT },
    { type: "token_exchange", ...CLIENT, method: "client_secret_post" },
    xaa({ authorization_server: undefined }),
  ])("does not leave it to the upstream who is sent a secret: $type", (credential) => {
    expect(parse(credential)).toMatch(/^authorization_server: /);
  });

  it("is contacted nowhere that a document may not have us contact", () => {
    const at = (upstream_credential: Members) => () =>
      parseDocument("resource", "https://crossgate.example/mcp/files", resourceDocument({ upstream_credential }));
    const server = "http://as.example.net";
    expect(at({ type: "client_credentials", ...CLIENT, authorization_server: server })).toThrow(
      /upstream_credential\.authorization_server: URL not allowed/,
    );
    expect(at(xaa({ idp: "https://10.0.0.1" }))).toThrow(/upstream_credential\.idp: URL not allowed/);
    expect(contactedUrls({ type: "none" })).toEqual([]);
  });
});

function xaa(changes: Members): Members {
  return { type: "xaa", idp: "https://idp.example.com", idp_client: CLIENT, ...AS, client: CLIENT, ...changes };
}

function code(client: Members): Members {
  return { type: "authorization_code", client: { kind: "registered", client_id: "crossgate", ...client } };
}

describe("a header that a document may have us set", () => {
  it.each(["authorization", "Authorization", "x-api-key", "X-API-Key", "api-key", "private-token", "x-user"])(
    "may be %s",
    (name) => expect(maySetHeader(name)).toBe(true),
  );

  it.each([
    "mcp-session-id",
    "Mcp-Method",
    "mcp-param-region",
    "host",
    "Host",
    "content-type",
    "Content-Length",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
    "accept",
    "accept-encoding",
    "traceparent",
    "tracestate",
    "last-event-id",
    "cookie",
    "dpop",
    "expect",
    "cf-connecting-ip",
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "sec-fetch-site",
    "origin",
    "via",
    "x_api_key",
    "x.api.key",
    "x api",
    "x:y",
    "x\r\ny",
    "",
    "-x",
    "x-",
    "ж",
    "authorization ",
  ])("may not be %j", (name) => expect(headerNameSchema.safeParse(name).success).toBe(false));

  it("is of a length that servers take", () => {
    expect(headerNameSchema.safeParse("x".repeat(64)).success).toBe(true);
    expect(headerNameSchema.safeParse("x".repeat(65)).success).toBe(false);
  });
});

describe("the value of a header with a secret", () => {
  it("holds the secret as it is, whatever a replacement pattern would make of it", () => {
    expect(formatSecret("Bearer {secret}", "$&$1$$")).toBe("Bearer $&$1$$");
    expect(formatSecret("{secret}", "{secret}")).toBe("{secret}");
  });
});

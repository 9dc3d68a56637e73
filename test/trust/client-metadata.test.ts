import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { lacksKey, readClientMetadata } from "../../src/trust/client-metadata.ts";
import type { Members } from "../support/documents.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

const CLIENT_ID = "https://agent.example/oauth/client.json";
const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
let key: TestKey;

beforeAll(async () => {
  key = await makeTestKey("ES256", "agent-key");
});

function document(overrides: Members = {}): Members {
  return {
    client_id: CLIENT_ID,
    client_name: "An agent",
    redirect_uris: ["https://agent.example/callback"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [key.publicJwk] },
    ...overrides,
  };
}

const read = (overrides: Members = {}) => readText(JSON.stringify(document(overrides)));
const readText = (text: string) => readClientMetadata(text, { clientId: CLIENT_ID, rules: RULES });

describe("a client metadata document", () => {
  it("gives the client's keys", () => {
    expect(read()).toMatchObject({ algorithm: null, keySource: { kind: "inline", keys: [{ kid: "agent-key" }] } });
  });

  it("gives the address of its keys, at its own origin", () => {
    const jwks_uri = "https://agent.example/elsewhere/jwks";
    expect(read({ jwks: undefined, jwks_uri })).toMatchObject({ keySource: { kind: "remote", jwksUri: jwks_uri } });
  });

  it("gives the algorithm where it names one", () => {
    expect(read({ token_endpoint_auth_signing_alg: "ES256" })).toMatchObject({ algorithm: "ES256" });
  });

  it("may say what means nothing here", () => {
    expect(read({ software_version: "1", x: [{ y: null }], logo_uri: "http://10.0.0.1/" })).toHaveProperty("keySource");
  });

  it("need have no redirect_uris: nothing is redirected here [CIMD-07]", () => {
    expect(read({ redirect_uris: undefined })).toHaveProperty("keySource");
  });

  it.each([
    ["a slash more", `${CLIENT_ID}/`],
    ["a port", "https://agent.example:443/oauth/client.json"],
    ["upper case", "https://AGENT.example/oauth/client.json"],
    ["a percent-encoding", "https://agent.example/oauth/clien%74.json"],
    ["a query", `${CLIENT_ID}?`],
    ["another scheme", CLIENT_ID.replace("https", "http")],
    ["another client", "https://agent.example/oauth/other.json"],
    ["nothing", undefined],
    ["null", null],
    ["a list", [CLIENT_ID]],
  ])("names the URL that it is at, byte for byte, and not %s [CIMD-03]", (_name, client_id) => {
    expect(read({ client_id })).toBe("client_id");
  });

  it.each(["client_secret", "client_secret_expires_at"])("has no %s, whatever its value [CIMD-05]", (member) => {
    for (const value of ["secret", "", 0, null]) expect(read({ [member]: value })).toBe("shared_secret");
  });

  it.each([
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "none",
    "tls_client_auth",
    "",
    null,
    undefined,
    ["private_key_jwt"],
  ])("is not for the method %j [CIMD-05, CIMD-06]", (token_endpoint_auth_method) => {
    expect(read({ token_endpoint_auth_method })).toBe("authentication_method");
  });

  it.each(["none", "HS256", "es256", null, 1])("does not sign with %j", (token_endpoint_auth_signing_alg) => {
    expect(read({ token_endpoint_auth_signing_alg })).toBe("authentication_method");
  });

  it.each<[string, unknown]>([
    ["a private key", () => ({ ...key.publicJwk, d: "AAAA" })],
    ["a symmetric key", () => ({ kty: "oct", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" })],
  ])("is worth nothing with %s beside a good one [CIMD-05]", (_name, make) => {
    expect(read({ jwks: { keys: [key.publicJwk, (make as () => unknown)()] } })).toBe("private_key");
  });

  it("is read past keys that are not for this", () => {
    const others = [
      { kty: "RSA", n: "AQAB", e: "AQAB" },
      { kty: "EC", crv: "secp256k1" },
      "x",
      { ...key.publicJwk, use: "enc" },
    ];
    expect(read({ jwks: { keys: [...others, key.publicJwk] } })).toMatchObject({
      keySource: { keys: [{ kid: "agent-key" }] },
    });
  });

  it.each<[string, Members]>([
    ["none", { jwks: undefined }],
    ["both ways to say where", { jwks_uri: "https://agent.example/jwks" }],
    ["an empty set", { jwks: { keys: [] } }],
    ["a set of keys that cannot be used", { jwks: { keys: [{ kty: "EC" }] } }],
    ["no list", { jwks: { keys: {} } }],
    ["no set", { jwks: null }],
    ["too many", { jwks: { keys: Array.from({ length: LIMITS.keysPerSet + 1 }, () => ({})) } }],
  ])("has keys, and not %s", (_name, overrides) => {
    expect(read(overrides)).toBe("keys");
  });

  it.each([
    "https://elsewhere.example/jwks",
    "https://agent.example:8443/jwks",
    "https://agent.example.evil.example/jwks",
    "http://agent.example/jwks",
    "https://169.254.169.254/jwks",
    "https://user@agent.example/jwks",
    "//agent.example/jwks",
    "/jwks",
    "",
    7,
    null,
  ])("does not send us for keys to %j [CIMD-10]", (jwks_uri) => {
    expect(read({ jwks: undefined, jwks_uri })).toBe("jwks_uri");
  });

  it.each([
    "",
    "null",
    "[]",
    '"text"',
    "<html></html>",
    `{"client_id":"${CLIENT_ID}","client_id":"${CLIENT_ID}"}`,
    `{"a":${"[".repeat(20)}${"]".repeat(20)}}`,
    "{",
  ])("is one JSON object that is read in one way, and not %j", (text) => {
    expect(readText(text)).toBe("json");
  });
});

describe("a key id", () => {
  it("is lacking where the document lists its keys and not this one", () => {
    const metadata = read();
    if (typeof metadata === "string") throw new TypeError(metadata);
    expect([null, "agent-key", "another"].map((kid) => lacksKey(metadata, kid))).toEqual([false, false, true]);
  });

  it("of keys that are elsewhere is for their own owner to look for", () => {
    const remote = read({ jwks: undefined, jwks_uri: "https://agent.example/jwks" });
    if (typeof remote === "string") throw new TypeError(remote);
    expect(lacksKey(remote, "any")).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import {
  authorizationUrl,
  codeChallenge,
  makeCodeProof,
  readAuthorizationResponse,
} from "../../src/oauth-client/authorization.ts";

const SERVER = {
  issuer: "https://as.example.net",
  tokenEndpoint: "https://as.example.net/token",
  authorizationEndpoint: "https://as.example.net/authorize?tenant=a",
  revocationEndpoint: null,
  jwksUri: null,
  clientAuthenticationMethods: [],
  hasS256: true,
  namesItself: true,
  acceptsMetadataDocuments: false,
  redeemsIdJags: false,
};

describe("a code proof (PKCE)", () => {
  it("is the digest that RFC 7636, appendix B, prints", async () => {
    expect(await codeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
  });

  it("is another one each time, and long enough", async () => {
    const [one, other] = await Promise.all([makeCodeProof(), makeCodeProof()]);
    expect(one.verifier).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(one.verifier).not.toBe(other.verifier);
    expect(one.challenge).toBe(await codeChallenge(one.verifier));
  });
});

describe("where a browser is sent to sign in", () => {
  const request = {
    server: SERVER,
    clientId: "us",
    redirectUri: "https://c.example/cb",
    state: "s",
    codeChallenge: "c",
  };

  it("asks for a code with S256, and keeps what the endpoint's own query says", () => {
    const url = new URL(authorizationUrl({ ...request, scope: "a b", resource: "https://r.example/mcp", nonce: "n" }));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "a",
      response_type: "code",
      client_id: "us",
      redirect_uri: "https://c.example/cb",
      state: "s",
      code_challenge: "c",
      code_challenge_method: "S256",
      scope: "a b",
      resource: "https://r.example/mcp",
      nonce: "n",
    });
  });

  it.each([{ hasS256: false }, { authorizationEndpoint: null }])("is nowhere with a server that has %o", (changes) => {
    expect(() => authorizationUrl({ ...request, server: { ...SERVER, ...changes } })).toThrow("method_unsupported");
  });
});

describe("an authorization response", () => {
  const read = (query: string, server = SERVER) =>
    readAuthorizationResponse(new URLSearchParams(query), { server, state: "s" });
  const ISS = encodeURIComponent(SERVER.issuer);
  const quiet = { ...SERVER, namesItself: false };

  it("has the code", () => {
    expect(read(`code=c1&state=s&iss=${ISS}`)).toBe("c1");
    expect(read("code=c1&state=s", quiet)).toBe("c1");
  });

  it.each([
    [`code=c&state=t&iss=${ISS}`, "state_mismatch"],
    [`code=c&iss=${ISS}`, "state_mismatch"],
    [`error=access_denied&iss=${ISS}`, "state_mismatch"],
    ["code=c&state=s", "issuer_mismatch"],
    ["code=c&state=s&iss=https%3A%2F%2Fevil.example", "issuer_mismatch"],
    ["error=access_denied&state=s", "issuer_mismatch"],
    [`error=access_denied&state=s&iss=${ISS}`, "access_denied"],
    [`error=anything&code=c&state=s&iss=${ISS}`, "request_refused"],
    [`state=s&iss=${ISS}`, "answer_malformed"],
    [`code=&state=s&iss=${ISS}`, "answer_malformed"],
    [`code=%00&state=s&iss=${ISS}`, "answer_malformed"],
    [`code=${"c".repeat(7000)}&state=s&iss=${ISS}`, "answer_malformed"],
    [`code=c&code=d&state=s&iss=${ISS}`, "answer_malformed"],
    [`code=c&state=s&state=s&iss=${ISS}`, "answer_malformed"],
  ])("gives nothing for %s", (query, flaw) => {
    expect(() => read(query)).toThrow(flaw);
  });

  it("of a server that need not name itself is still none of another's (RFC 9207 §2.4)", () => {
    expect(() => read("code=c&state=s&iss=https%3A%2F%2Fevil.example", quiet)).toThrow("issuer_mismatch");
  });
});

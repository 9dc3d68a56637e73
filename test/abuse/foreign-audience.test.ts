import { describe, expect, it } from "vitest";
import { CROSSGATE, IDP, RESOURCE } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** RFC 8707, MCP authorization: a token for a sibling is a token for somebody else, however near its name comes. */
const AUDIENCES: readonly [name: string, audience: unknown][] = [
  ["a sibling", `${CROSSGATE}/mcp/payroll`],
  ["a server below", `${RESOURCE}/archive`],
  ["a server above", `${CROSSGATE}/mcp`],
  ["the whole origin", CROSSGATE],
  ["the whole origin, with a slash", `${CROSSGATE}/`],
  ["the token endpoint", `${CROSSGATE}/token`],
  ["with a slash", `${RESOURCE}/`],
  ["without its last letter", RESOURCE.slice(0, -1)],
  ["in capitals", RESOURCE.toUpperCase()],
  ["with its host in capitals", RESOURCE.replace("crossgate", "Crossgate")],
  ["over plain http", RESOURCE.replace("https", "http")],
  ["with the port that goes without saying", RESOURCE.replace("example/", "example:443/")],
  ["with a query", `${RESOURCE}?`],
  ["with a fragment", `${RESOURCE}#`],
  ["with a space after", `${RESOURCE} `],
  ["with a NUL after", `${RESOURCE}\u0000`],
  ["a pattern", `${CROSSGATE}/mcp/*`],
  ["everything", "*"],
  ["the upstream's own URL", "https://files.example.net/mcp"],
  ["the IdP", IDP],
  ["the client", "agent"],
  ["nothing", ""],
  ["null", null],
  ["absent", undefined],
  ["a list of just this server", [RESOURCE]],
  ["this server among others", [`${CROSSGATE}/mcp/payroll`, RESOURCE]],
  ["an object", { [RESOURCE]: true }],
];

describe("a token whose audience is [MCPA-07]", () => {
  it.each(AUDIENCES)("%s", async (_name, aud) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const answered = await gateway.call({ token: await gateway.token({ aud }) });
    expect(answered.status).toBe(401);
    expect(answered.challenge).toMatch(/^Bearer error="invalid_token", scope=/);
    expect(upstream.sent).toEqual([]);
    expect(gateway.events).toMatchObject([{ reason: "token_audience", decision: "refused", resource: RESOURCE }]);
  });
});

/** What else an attacker holds that is signed: none of it is an access token, even by our own key. */
describe("another kind of token by our own key", () => {
  it.each([
    ["an ID-JAG", { typ: "oauth-id-jag+jwt" }, "token_malformed"],
    ["an ID Token", { typ: "JWT" }, "token_malformed"],
    ["a token without a kind", { typ: undefined }, "token_malformed"],
    ["a DPoP proof", { typ: "dpop+jwt" }, "token_malformed"],
    ["an access token that says it is unsigned", { alg: "none" }, "token_malformed"],
    ["an access token under a public key as a secret", { alg: "HS256" }, "token_malformed"],
    ["an access token with a key of its own", { jwk: {} }, "token_malformed"],
    ["an access token of another deployment, by the name of its key", { kid: "theirs" }, "token_signature"],
  ])("%s", async (_name, header, reason) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const answered = await gateway.call({ token: await gateway.token({}, { header }) });
    expect([answered.status, upstream.sent]).toEqual([401, []]);
    expect(reasonsOf(gateway)).toEqual([reason]);
  });
});

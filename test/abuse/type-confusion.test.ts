import { describe, expect, it } from "vitest";
import { verifyAccessToken } from "../../src/access-token/verify.ts";
import { verifyDpopProof } from "../../src/dpop/proof.ts";
import { readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { CROSSGATE, type Members, RESOURCE } from "../support/documents.ts";
import { NOW, testIdp, verdictOf } from "../support/redemption.ts";
import { validClaims } from "../support/test-idp.ts";

/** A22, JAG-R-15: a JWT of one kind where another is due, though its issuer did sign it. */
const KINDS: [string, string | undefined, Members][] = [
  ["an ID token", "JWT", { nonce: "n", at_hash: "h" }],
  ["an ID token without typ", undefined, { nonce: "n" }],
  ["an access token", "at+jwt", {}],
  ["an access token, in full", "application/at+jwt", {}],
  ["a logout token", "logout+jwt", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }],
  ["a security event", "secevent+jwt", { events: {} }],
  ["a client assertion", "client-authentication+jwt", { iss: "agent", sub: "agent" }],
  ["a DPoP proof", "dpop+jwt", { htm: "POST", htu: `${CROSSGATE}/token` }],
  ["a token introspection response", "token-introspection+jwt", {}],
  ["an authorization request", "oauth-authz-req+jwt", {}],
  ["a transaction token", "txntoken+jwt", {}],
  ["a verifiable credential", "vc+sd-jwt", {}],
];

describe("another kind of JWT", () => {
  it.each(KINDS)("is no ID-JAG: %s", async (_what, typ, claims) => {
    expect(await verdictOf({ header: { typ }, claims })).toEqual({ verdict: "assertion_type", consumed: 0 });
  });
});

describe("an ID-JAG", () => {
  it("is no access token [JAG-R-15]", async () => {
    const idp = await testIdp();
    const keys = idp.jwks.keys
      .map((jwk) => readVerificationKey(jwk))
      .filter((key): key is VerificationKey => typeof key !== "string");
    const claims = validClaims({ iss: CROSSGATE, aud: RESOURCE, organization: "acme" }, NOW);
    const expected = { issuer: CROSSGATE, audience: RESOURCE, nowSeconds: NOW };
    expect(await verifyAccessToken(await idp.sign(claims), { keys }, expected)).toEqual({
      token: null,
      refusal: "token_malformed",
    });
    const retyped = await idp.sign(claims, { header: { typ: "at+jwt" } });
    expect(await verifyAccessToken(retyped, { keys }, expected)).toMatchObject({ refusal: null });
  });

  it("is no DPoP proof, with its key in the header or without", async () => {
    const idp = await testIdp();
    const context = { method: "POST", url: `${CROSSGATE}/token`, accessToken: null };
    const claims = validClaims({ htm: "POST", htu: `${CROSSGATE}/token` }, NOW);
    expect(await verifyDpopProof(await idp.sign(claims), context)).toBeNull();
    const header = { jwk: idp.key.material };
    expect(await verifyDpopProof(await idp.sign(claims, { header }), context)).toBeNull();
    expect(
      await verifyDpopProof(await idp.sign(claims, { header: { ...header, typ: "dpop+jwt" } }), context),
    ).not.toBeNull();
  });
});

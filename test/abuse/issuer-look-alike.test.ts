import { describe, expect, it } from "vitest";
import { CROSSGATE, IDP, idpDocument } from "../support/documents.ts";
import { testIdp, verdictOf } from "../support/redemption.ts";
import { TestIdp, makeTestKey } from "../support/test-idp.ts";

/** B05, B06: issuers that look like one we trust, and one issuer's assertions under another's name. */
const LOOK_ALIKES = [
  "https://idp.example.com/",
  "https://idp.example.com//",
  "https://IDP.example.com",
  "HTTPS://idp.example.com",
  "https://idp.example.com:443",
  "https://idp.example.com:8443",
  "http://idp.example.com",
  "idp.example.com",
  "//idp.example.com",
  "https://idp.example.com.",
  "https://idp.example.com?",
  "https://idp.example.com#",
  "https://idp.example.com/tenant",
  "https://idp.example.com/.",
  "https://idp%2eexample.com",
  "https://user@idp.example.com",
  "https://idp.example.com@evil.example",
  "https://idp.example.com.evil.example",
  "https://evil.example/idp.example.com",
  "https://idp.example.com%00.evil.example",
  "https://idp.example.com\u0000",
  "https://idp.example.com\n",
  " https://idp.example.com",
  "https://idp.example.com\u200b",
  "https://іdp.example.com",
  "https://xn--dp-0ya.example.com",
  "https://ｉｄｐ.example.com",
  "https://idp。example.com",
  "https:\\\\idp.example.com",
  "__proto__",
  "constructor",
  "",
];

describe("an issuer that looks like one we trust", () => {
  it.each(LOOK_ALIKES)("is refused: %o [JAG-R-07]", async (iss) => {
    expect(await verdictOf({ claims: { iss } })).toEqual({ verdict: "issuer_not_trusted", consumed: 0 });
  });

  it.each([[[IDP]], [{ iss: IDP }], [null], [1], [undefined]])("is refused when it is no string: %o", async (iss) => {
    expect(await verdictOf({ claims: { iss } })).toEqual({ verdict: "issuer_not_trusted", consumed: 0 });
  });

  it("is never ourselves, though a document said so (ID-JAG §9.3)", async () => {
    const { jwks } = await testIdp();
    const others = { idp: [idpDocument({ issuer: `${CROSSGATE}.test`, key_set: jwks })] };
    const found = await verdictOf({
      claims: { iss: `${CROSSGATE}.test`, aud: `${CROSSGATE}.test` },
      documents: { others },
      dependencies: { issuer: `${CROSSGATE}.test` },
    });
    expect(found).toEqual({ verdict: "issuer_not_trusted", consumed: 0 });
  });
});

describe("two issuers that both are trusted", () => {
  const SECOND = "https://second.example.com";

  it("cannot speak for one another, though their keys have one name", async () => {
    const first = await testIdp();
    const second = await TestIdp.start({ issuer: SECOND });
    expect(second.key.kid).toBe(first.key.kid);
    const others = { idp: [idpDocument({ issuer: SECOND, key_set: second.jwks })] };
    expect(await verdictOf({ claims: { iss: SECOND }, signer: second.key, documents: { others } })).toEqual({
      verdict: "granted",
      consumed: 1,
    });
    expect(await verdictOf({ claims: { iss: SECOND }, signer: first.key, documents: { others } })).toEqual({
      verdict: "signature_invalid",
      consumed: 0,
    });
    expect(await verdictOf({ claims: { iss: IDP }, signer: second.key, documents: { others } })).toEqual({
      verdict: "signature_invalid",
      consumed: 0,
    });
  });

  it("are asked for their own keys only: the other's kid is unknown", async () => {
    const key = await makeTestKey("ES256", "only-of-the-second");
    const others = { idp: [idpDocument({ issuer: SECOND, key_set: { keys: [key.publicJwk] } })] };
    expect(await verdictOf({ claims: { iss: IDP }, signer: key, documents: { others } })).toEqual({
      verdict: "key_unknown",
      consumed: 0,
    });
  });

  it("may each be stopped alone", async () => {
    const { jwks } = await testIdp();
    const others = { idp: [idpDocument({ issuer: SECOND, key_set: jwks, enabled: false })] };
    expect(await verdictOf({ claims: { iss: SECOND }, documents: { others } })).toEqual({
      verdict: "issuer_disabled",
      consumed: 0,
    });
    expect(await verdictOf({ documents: { others } })).toEqual({ verdict: "granted", consumed: 1 });
  });
});

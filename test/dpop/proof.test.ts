import { base64url, calculateJwkThumbprint } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type DpopProof, isFresh, type ProofContext, verifyDpopProof } from "../../src/dpop/proof.ts";
import { LIMITS } from "../../src/limits.ts";
import { CROSSGATE, type Members, RESOURCE } from "../support/documents.ts";
import { type DpopKey, makeDpopKey, makeProof, type ProofChanges } from "../support/dpop.ts";
import { NOW } from "../support/redemption.ts";
import { makeTestKey, type SigningAlgorithm, signText } from "../support/test-idp.ts";

const CONTEXT: ProofContext = { method: "POST", url: `${CROSSGATE}/token`, accessToken: null };

let key: DpopKey;
let other: DpopKey;

beforeAll(async () => {
  [key, other] = [await makeDpopKey(), await makeDpopKey()];
});

async function verify(changes: ProofChanges = {}, context: Partial<ProofContext> = {}): Promise<DpopProof | null> {
  return verifyDpopProof(await makeProof(key, NOW, changes), { ...CONTEXT, ...context });
}

describe("verifyDpopProof", () => {
  it.each<SigningAlgorithm>(["ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"])(
    "accepts a proof under %s, and names its key",
    async (alg) => {
      const signer = await makeDpopKey(alg);
      const proof = await verifyDpopProof(await makeProof(signer, NOW, { claims: { jti: "jti-1" } }), CONTEXT);
      const thumbprint = await calculateJwkThumbprint(signer.material);
      expect(proof).toEqual({
        thumbprint,
        jti: "jti-1",
        nonce: "good-nonce",
        issuedAtSeconds: NOW,
        notBeforeSeconds: null,
        expiresAtSeconds: null,
      });
    },
  );

  it("names a key by what defines it, whatever else it says of itself", async () => {
    const proof = await verify({ header: { jwk: { ...key.material, kid: "another", use: "sig", alg: "ES256" } } });
    expect(proof?.thumbprint).toBe(key.thumbprint);
  });

  it("accepts a proof without a nonce, and says so", async () => {
    expect(await verify({ claims: { nonce: undefined } })).toMatchObject({ nonce: null });
  });

  it.each(["application/dpop+jwt", "DPOP+JWT"])("accepts the type in the spelling %s", async (typ) => {
    expect(await verify({ header: { typ } })).not.toBeNull();
  });

  it.each([
    "https://CROSSGATE.example/token",
    "https://crossgate.example:443/token",
    "HTTPS://crossgate.example/token",
    "https://crossgate.example/a/../token",
  ])("accepts the URL as %s: compared after normalization (RFC 9449 §4.3) [DP-02]", async (htu) => {
    expect(await verify({ claims: { htu } })).not.toBeNull();
  });

  it.each<[string, Members]>([
    ["another method", { htm: "GET" }],
    ["the method in small letters", { htm: "post" }],
    ["no method", { htm: undefined }],
    ["the method in a list", { htm: ["POST"] }],
    ["no URL", { htu: undefined }],
    ["another host", { htu: "https://elsewhere.example/token" }],
    ["plain http", { htu: "http://crossgate.example/token" }],
    ["another port", { htu: "https://crossgate.example:8443/token" }],
    ["another path", { htu: `${CROSSGATE}/token2` }],
    ["a path below", { htu: `${CROSSGATE}/token/` }],
    ["the path in capitals", { htu: `${CROSSGATE}/TOKEN` }],
    ["a query", { htu: `${CROSSGATE}/token?a=b` }],
    ["an empty query", { htu: `${CROSSGATE}/token?` }],
    ["a fragment", { htu: `${CROSSGATE}/token#` }],
    ["credentials", { htu: "https://user@crossgate.example/token" }],
    ["a path alone", { htu: "/token" }],
    ["the URL in a list", { htu: [`${CROSSGATE}/token`] }],
    ["no jti", { jti: undefined }],
    ["an empty jti", { jti: "" }],
    ["a jti that is a number", { jti: 1 }],
    ["a jti longer than it may be", { jti: "j".repeat(LIMITS.jtiBytes + 1) }],
    ["no iat", { iat: undefined }],
    ["an iat that is text", { iat: `${NOW}` }],
    ["an iat that is a fraction", { iat: NOW + 0.5 }],
    ["a nonce that is a number", { nonce: 1 }],
    ["an empty nonce", { nonce: "" }],
    ["an exp that is text", { exp: `${NOW + 60}` }],
    ["an exp that is null", { exp: null }],
    ["an nbf that is text", { nbf: `${NOW}` }],
    ["an nbf that is a list", { nbf: [NOW] }],
  ])("refuses a proof with %s [DP-01]", async (_what, claims) => {
    expect(await verify({ claims })).toBeNull();
  });

  it.each<[string, () => Members]>([
    ["another type", () => ({ typ: "JWT" })],
    ["no type", () => ({ typ: undefined })],
    ["an ID-JAG's type", () => ({ typ: "oauth-id-jag+jwt" })],
    ["no key", () => ({ jwk: undefined })],
    ["another key than the one that signed", () => ({ jwk: other.material })],
    ["a private key", () => ({ jwk: { ...key.material, d: "AAAA" } })],
    ["a symmetric key", () => ({ alg: "HS256", jwk: { kty: "oct", k: "AAAA" } })],
    ["a key for encryption", () => ({ jwk: { ...key.material, use: "enc" } })],
    ["a key that states another algorithm", () => ({ jwk: { ...key.material, alg: "ES384" } })],
    ["a point that is on no curve", () => ({ jwk: { ...key.material, y: "A".repeat(43) } })],
    ["a list of keys", () => ({ jwk: [key.material] })],
    ["alg none", () => ({ alg: "none" })],
    ["an algorithm that its key cannot do", () => ({ alg: "RS256" })],
    ["an HMAC", () => ({ alg: "HS256" })],
    ["no algorithm", () => ({ alg: undefined })],
    ["a jku beside its key", () => ({ jku: "https://keys.evil.example" })],
    ["a crit", () => ({ crit: ["b64"], b64: true })],
  ])("refuses a proof with %s in its header", async (_what, header) => {
    expect(await verify({ header: header() })).toBeNull();
  });

  it.each(["", "a.b.c", "e30.e30.", "null", "[]"])("refuses %o", async (proof) => {
    expect(await verifyDpopProof(proof, CONTEXT)).toBeNull();
  });

  it("refuses a proof whose text two parsers read differently, and one that is no JSON", async () => {
    const header = JSON.stringify({ typ: "dpop+jwt", alg: "ES256", jwk: key.material });
    const claims = JSON.stringify({ htm: "POST", htu: CONTEXT.url, jti: "1", iat: NOW });
    const spoilt = [claims.replace("{", '{"htm":"GET",'), claims.replace('"jti"', '"\\jti"')];
    for (const payload of spoilt) {
      expect(await verifyDpopProof(await signText(header, payload, key), CONTEXT)).toBeNull();
    }
    expect(await verifyDpopProof(await signText(header, claims, key), CONTEXT)).not.toBeNull();
  });

  it("refuses a proof that was changed after signing", async () => {
    const [proof, another] = [await makeProof(key, NOW), await makeProof(key, NOW)];
    const [header, , signature] = proof.split(".");
    const [, payload] = another.split(".");
    expect(await verifyDpopProof([header, payload, signature].join("."), CONTEXT)).toBeNull();
  });

  it("refuses a key that is marked for another algorithm than it signed under (A20)", async () => {
    const rsa = await makeDpopKey("RS256");
    const marked = (alg: string) => makeProof(rsa, NOW, { header: { jwk: { ...rsa.material, alg } } });
    expect(await verifyDpopProof(await marked("PS256"), CONTEXT)).toBeNull();
    expect(await verifyDpopProof(await marked("RS256"), CONTEXT)).not.toBeNull();
  });

  it.each(["?a=b", "?", "#a"])("refuses a URL with %s, though the request had it too", async (suffix) => {
    const url = `${CONTEXT.url}${suffix}`;
    expect(await verify({ claims: { htu: url } }, { url })).toBeNull();
  });

  it("refuses a proof by a weak RSA key", async () => {
    const rsa = await makeTestKey("RS256", "dpop");
    const header = JSON.stringify({
      typ: "dpop+jwt",
      alg: "RS256",
      jwk: { ...rsa.material, n: base64url.encode(new Uint8Array(128).fill(0xff)) },
    });
    const claims = JSON.stringify({ htm: "POST", htu: CONTEXT.url, jti: "1", iat: NOW });
    expect(await verifyDpopProof(await signText(header, claims, rsa), CONTEXT)).toBeNull();
  });
});

describe("at a resource", () => {
  const accessToken = "the.access.token";
  const context = { url: RESOURCE, accessToken };
  const ath = async (token: string) =>
    base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));

  it("accepts a proof that names the access token by its hash (RFC 9449 §4.3)", async () => {
    expect(await verify({ claims: { htu: RESOURCE, ath: await ath(accessToken) } }, context)).not.toBeNull();
  });

  it.each<[string, () => Promise<unknown>]>([
    ["none", async () => undefined],
    ["another token", () => ath("another.access.token")],
    ["the token itself", async () => accessToken],
    ["its hash in a list", async () => [await ath(accessToken)]],
    ["its hash with padding", async () => `${await ath(accessToken)}=`],
  ])("refuses a proof that names %s", async (_what, named) => {
    expect(await verify({ claims: { htu: RESOURCE, ath: await named() } }, context)).toBeNull();
  });
});

function proofWith(times: Partial<DpopProof>): DpopProof {
  const always = { issuedAtSeconds: NOW, notBeforeSeconds: null, expiresAtSeconds: null };
  return { thumbprint: "t", jti: "j", nonce: null, ...always, ...times };
}

describe("isFresh", () => {
  const age = LIMITS.dpopProofAgeSeconds;
  it.each<[number, boolean]>([
    [0, true],
    [age, true],
    [age + 1, false],
    [-age, true],
    [-age - 1, false],
  ])("of a proof that is %i seconds old: %s", (seconds, expected) => {
    expect(isFresh(proofWith({ issuedAtSeconds: NOW - seconds }), NOW)).toBe(expected);
  });

  const tolerance = LIMITS.clockToleranceSeconds;
  it.each<[string, Partial<DpopProof>, boolean]>([
    ["is over", { expiresAtSeconds: NOW - tolerance }, false],
    ["is as good as over", { expiresAtSeconds: NOW - tolerance + 1 }, true],
    ["has not begun", { notBeforeSeconds: NOW + tolerance + 1 }, false],
    ["is about to begin", { notBeforeSeconds: NOW + tolerance }, true],
    ["is old, and says that it lasts", { issuedAtSeconds: NOW - age - 1, expiresAtSeconds: NOW + 3600 }, false],
  ])("of a proof that %s by its own account (RFC 7519 §4.1)", (_what, times, expected) => {
    expect(isFresh(proofWith(times), NOW)).toBe(expected);
  });
});

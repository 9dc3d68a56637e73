import { exportJWK, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { type KeyFlaw, readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { chooseKey } from "../../src/jwt/verify.ts";
import { NOW, redeem, testIdp, verdictOf } from "../support/redemption.ts";
import { makeTestKey, type TestKey, validClaims } from "../support/test-idp.ts";

/**
 * A14, A20, A21: an identity provider that publishes keys nobody should trust. WebCrypto is no judge of them: workerd
 * verifies with RSA-1024, with e = 3, and under RS256 with a key marked PS256.
 */
async function makeRsa(modulusLength: number, exponent: readonly number[]): Promise<TestKey> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength,
    publicExponent: Uint8Array.from(exponent),
  };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("no pair");
  const { kty, n, e } = await exportJWK(pair.publicKey);
  const material = { kty, n, e } as JWK;
  return {
    kid: "weak",
    alg: "RS256",
    privateKey: pair.privateKey,
    material,
    publicJwk: { ...material, kid: "weak", alg: "RS256" },
  };
}

interface Weak {
  readonly signer: TestKey;
  readonly published: unknown;
}

async function publishing(alg: "ES256" | "RS256", change: object): Promise<Weak> {
  const signer = await makeTestKey(alg, "weak");
  return { signer, published: { ...signer.publicJwk, ...change } };
}

async function weakRsa(modulusLength: number, exponent: readonly number[]): Promise<Weak> {
  const signer = await makeRsa(modulusLength, exponent);
  return { signer, published: signer.publicJwk };
}

const WEAK: [string, KeyFlaw, () => Promise<Weak>][] = [
  ["RSA 1024", "rsa_size", () => weakRsa(1024, [1, 0, 1])],
  ["RSA 2048 with e = 3", "rsa_exponent", () => weakRsa(2048, [3])],
  ["a private EC key", "private_material", () => publishing("ES256", { d: "AAAA" })],
  ["a private RSA key", "private_material", () => publishing("RS256", { d: "AAAA", p: "AAAA", q: "AAAA" })],
  ["a symmetric key", "private_material", () => publishing("ES256", { kty: "oct", k: "AAAA" })],
  ["a key for encryption", "not_for_signatures", () => publishing("ES256", { use: "enc" })],
  ["a key that may only sign", "not_for_signatures", () => publishing("ES256", { key_ops: ["sign"] })],
  ["a key of another algorithm's curve", "algorithm_mismatch", () => publishing("ES256", { alg: "ES384" })],
  ["a key whose kid is a number", "kid_malformed", () => publishing("ES256", { kid: 1 })],
];

/** What a key set object keeps of what an identity provider published: the keys that are fit. */
function findKeyIn(published: readonly unknown[]) {
  const keys = published
    .map((jwk) => readVerificationKey(jwk))
    .filter((key): key is VerificationKey => typeof key !== "string");
  return async (_idp: unknown, wanted: Parameters<typeof chooseKey>[1]) => chooseKey({ keys }, wanted);
}

const documents = { idp: { algorithms: ["ES256", "RS256", "PS256", "ES384"] } };

describe.each(WEAK)("%s", (_what, flaw, make) => {
  it("is dropped for what it is", async () => {
    expect(readVerificationKey((await make()).published)).toBe(flaw);
  });

  it("verifies nothing, and the issuer's other keys go on working", async () => {
    const { signer, published } = await make();
    const idp = await testIdp();
    const findKey = findKeyIn([published, ...idp.jwks.keys]);
    expect(await verdictOf({ signer, documents, dependencies: { findKey } })).toEqual({
      verdict: "key_unknown",
      consumed: 0,
    });
    expect(await verdictOf({ documents, dependencies: { findKey } })).toEqual({ verdict: "granted", consumed: 1 });
  });

  it("alone in its set is a refusal and not a fault", async () => {
    const { signer, published } = await make();
    const { outcome } = await redeem({ signer, documents, dependencies: { findKey: findKeyIn([published]) } });
    expect(outcome).toMatchObject({ completed: false, kind: "refusal", reason: "key_unknown" });
  });
});

describe("a key marked PS256", () => {
  it("verifies no RS256, though it is the very key that signed", async () => {
    const signer = await makeTestKey("RS256");
    const findKey = findKeyIn([{ ...signer.publicJwk, alg: "PS256" }]);
    expect(await verdictOf({ signer, documents, dependencies: { findKey } })).toEqual({
      verdict: "key_unknown",
      consumed: 0,
    });
  });
});

describe("a point that is on no curve", () => {
  it.each<[string, string]>([
    ["zero", "A".repeat(43)],
    ["another number", `${"B".repeat(42)}A`],
    ["all ones", `${"_".repeat(42)}8`],
  ])("is a signature that does not hold, and not a fault: y is %s", async (_what, y) => {
    const idp = await testIdp();
    const findKey = findKeyIn([{ ...idp.key.publicJwk, y }]);
    const { outcome, consumeAssertion } = await redeem({ dependencies: { findKey } });
    expect(outcome).toMatchObject({ completed: false, kind: "refusal", reason: "signature_invalid" });
    expect(consumeAssertion).not.toHaveBeenCalled();
  });
});

describe("two keys of one name", () => {
  it("verify nothing: there is no first that wins (A06)", async () => {
    const idp = await testIdp();
    const twin = await makeTestKey("ES256", idp.key.kid);
    const findKey = findKeyIn([...idp.jwks.keys, twin.publicJwk]);
    for (const signer of [idp.key, twin]) {
      expect(await verdictOf({ signer, dependencies: { findKey } })).toEqual({ verdict: "key_ambiguous", consumed: 0 });
    }
  });

  it("of two kinds verify nothing either, though only one can verify this algorithm", async () => {
    const idp = await testIdp();
    const rsa = await makeTestKey("RS256", idp.key.kid);
    const findKey = findKeyIn([...idp.jwks.keys, rsa.publicJwk]);
    expect(await verdictOf({ documents, dependencies: { findKey } })).toEqual({
      verdict: "key_ambiguous",
      consumed: 0,
    });
  });

  it("and an assertion that names none: refused while two can have signed it", async () => {
    const idp = await testIdp();
    const other = await makeTestKey("ES256", "other");
    const unnamed = await idp.sign(validClaims({}, NOW), { header: { kid: undefined } });
    const both = findKeyIn([...idp.jwks.keys, other.publicJwk]);
    expect(await verdictOf({ assertion: unnamed, dependencies: { findKey: both } })).toEqual({
      verdict: "key_ambiguous",
      consumed: 0,
    });
    expect(await verdictOf({ assertion: unnamed })).toEqual({ verdict: "granted", consumed: 1 });
  });
});

import { base64url } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type Algorithm, algorithmsOf, type KeyFlaw, readVerificationKey } from "../../src/jwt/json-web-key.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Members } from "../support/documents.ts";
import { makeTestKey, type SigningAlgorithm, type TestKey } from "../support/test-idp.ts";

const KINDS: [SigningAlgorithm, readonly Algorithm[]][] = [
  ["ES256", ["ES256"]],
  ["ES384", ["ES384"]],
  ["RS256", ["RS256", "PS256"]],
  ["EdDSA", ["EdDSA", "Ed25519"]],
];

let ec: TestKey;
let rsa: TestKey;

beforeAll(async () => {
  [ec, rsa] = await Promise.all([makeTestKey("ES256"), makeTestKey("RS256")]);
});

function modulus(bits: number): string {
  const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  bytes[0] = 0xff >> (bytes.length * 8 - bits);
  return base64url.encode(bytes);
}

function read(jwk: unknown) {
  const key = readVerificationKey(jwk);
  if (typeof key === "string") throw new Error(key);
  return key;
}

describe("readVerificationKey", () => {
  it.each(KINDS)("reads a public key for %s, and keeps of it what defines it", async (alg) => {
    const { publicJwk, material, kid } = await makeTestKey(alg);
    const key = readVerificationKey({ ...publicJwk, key_ops: ["verify"], x5t: "abc", vendor: { a: 1 } });
    expect(key).toEqual({ kid, kty: material.kty, crv: material.crv ?? null, alg, material });
  });

  it("reads a key that states nothing of itself", () => {
    expect(readVerificationKey(ec.material)).toMatchObject({ kid: null, alg: null });
  });

  it.each(KINDS)("lets a key that states no algorithm verify all that a key for %s can", async (alg, possible) => {
    const { material } = await makeTestKey(alg);
    expect(algorithmsOf(read(material))).toEqual(possible);
  });

  it("lets a key verify the one algorithm that it states", () => {
    expect(algorithmsOf(read({ ...rsa.material, alg: "PS256" }))).toEqual(["PS256"]);
  });

  const spoiled: [string, KeyFlaw, () => unknown][] = [
    ["null", "not_an_object", () => null],
    ["a string", "not_an_object", () => "key"],
    ["a list", "not_an_object", () => [ec.publicJwk]],
    ["a symmetric key without its secret", "symmetric_or_unknown", () => ({ kty: "oct" })],
    ["a kind that nobody knows", "symmetric_or_unknown", () => ({ ...ec.publicJwk, kty: "AKP" })],
    ["no kind", "symmetric_or_unknown", () => ({ ...ec.publicJwk, kty: undefined })],
    ["a curve that we do not verify", "symmetric_or_unknown", () => ({ ...ec.publicJwk, crv: "secp256k1" })],
    [
      "a curve named like a member of every object",
      "symmetric_or_unknown",
      () => ({ ...ec.publicJwk, crv: "constructor" }),
    ],
    ["an EC key on an OKP curve", "symmetric_or_unknown", () => ({ ...ec.publicJwk, crv: "Ed25519" })],
    ["a key for key agreement", "symmetric_or_unknown", () => ({ kty: "OKP", crv: "X25519", x: "A".repeat(43) })],
    ["use enc", "not_for_signatures", () => ({ ...ec.publicJwk, use: "enc" })],
    ["use null", "not_for_signatures", () => ({ ...ec.publicJwk, use: null })],
    ["key_ops without verify", "not_for_signatures", () => ({ ...ec.publicJwk, key_ops: ["sign"] })],
    ["no key_ops at all in the list", "not_for_signatures", () => ({ ...ec.publicJwk, key_ops: [] })],
    ["key_ops that is text", "not_for_signatures", () => ({ ...ec.publicJwk, key_ops: "verify" })],
    ["an algorithm of another curve", "algorithm_mismatch", () => ({ ...ec.publicJwk, alg: "ES384" })],
    ["an algorithm of another kind", "algorithm_mismatch", () => ({ ...ec.publicJwk, alg: "RS256" })],
    ["an RSA algorithm that we do not verify", "algorithm_mismatch", () => ({ ...rsa.publicJwk, alg: "RS512" })],
    ["HS256 for a public key", "algorithm_mismatch", () => ({ ...rsa.publicJwk, alg: "HS256" })],
    ["an algorithm that is a list", "algorithm_mismatch", () => ({ ...ec.publicJwk, alg: ["ES256"] })],
    ["a kid that is a number", "kid_malformed", () => ({ ...ec.publicJwk, kid: 1 })],
    ["a kid that is null", "kid_malformed", () => ({ ...ec.publicJwk, kid: null })],
    [
      "a kid longer than it may be",
      "kid_malformed",
      () => ({ ...ec.publicJwk, kid: "k".repeat(LIMITS.keyIdBytes + 1) }),
    ],
    ["a coordinate that is too short", "malformed", () => ({ ...ec.publicJwk, x: "AAAA" })],
    [
      "a coordinate with a byte before it",
      "malformed",
      () => ({ ...ec.publicJwk, x: base64url.encode(new Uint8Array(33)) }),
    ],
    ["a missing coordinate", "malformed", () => ({ ...ec.publicJwk, y: undefined })],
    ["a padded coordinate", "malformed", () => ({ ...ec.publicJwk, x: `${ec.material.x}=` })],
    ["a coordinate that is a number", "malformed", () => ({ ...ec.publicJwk, x: 1 })],
    ["an RSA key without its modulus", "malformed", () => ({ ...rsa.publicJwk, n: undefined })],
    ["an RSA key without its exponent", "malformed", () => ({ ...rsa.publicJwk, e: undefined })],
    ["a modulus that is longer than any we read", "malformed", () => ({ ...rsa.publicJwk, n: "A".repeat(1028) })],
    ["RSA 512", "rsa_size", () => ({ ...rsa.publicJwk, n: modulus(512) })],
    ["RSA 1024", "rsa_size", () => ({ ...rsa.publicJwk, n: modulus(1024) })],
    ["RSA 2047", "rsa_size", () => ({ ...rsa.publicJwk, n: modulus(2047) })],
    ["RSA 4097", "rsa_size", () => ({ ...rsa.publicJwk, n: modulus(4097) })],
    [
      "RSA 1024 written as 2048 bits",
      "rsa_size",
      () => ({ ...rsa.publicJwk, n: base64url.encode(new Uint8Array(256).fill(0xff, 128)) }),
    ],
    ["a modulus of zeros", "rsa_size", () => ({ ...rsa.publicJwk, n: base64url.encode(new Uint8Array(256)) })],
    ["the exponent 1", "rsa_exponent", () => ({ ...rsa.publicJwk, e: "AQ" })],
    ["the exponent 3", "rsa_exponent", () => ({ ...rsa.publicJwk, e: "Aw" })],
    ["the exponent 65537 in another spelling", "rsa_exponent", () => ({ ...rsa.publicJwk, e: "AAEAAQ" })],
  ];

  it.each(spoiled)("refuses %s: %s [CVE-2025-45767]", (_what, flaw, jwk) => {
    expect(readVerificationKey(jwk())).toBe(flaw);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])("refuses a key that publishes %s (A20)", (member) => {
    const leaking: Members = { ...rsa.publicJwk, [member]: "AAAA" };
    expect(readVerificationKey(leaking)).toBe("private_material");
  });

  it.each([LIMITS.rsaModulusMinimumBits, 3072, LIMITS.rsaModulusMaximumBits])("takes RSA %i", (bits) => {
    expect(readVerificationKey({ ...rsa.publicJwk, n: modulus(bits) })).toMatchObject({ kty: "RSA" });
  });
});

import { exportJWK, importJWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { parseCompactJws } from "../../src/jwt/compact-jws.ts";
import { type Algorithm, readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { chooseKey, isSignedBy } from "../../src/jwt/verify.ts";
import { makeTestKey, type SigningAlgorithm, signText } from "../support/test-idp.ts";

function verificationKey(jwk: unknown): VerificationKey {
  const key = readVerificationKey(jwk);
  if (typeof key === "string") throw new TypeError(key);
  return key;
}

function isBy(token: string, key: VerificationKey, alg: Algorithm): Promise<boolean> {
  return isSignedBy(parseCompactJws(token, "forbidden"), key, alg);
}

let first: VerificationKey;
let second: VerificationKey;
let rsa: VerificationKey;
let anyRsa: VerificationKey;
let nameless: VerificationKey;

beforeAll(async () => {
  const [one, two, three] = [
    await makeTestKey("ES256", "1"),
    await makeTestKey("ES256", "2"),
    await makeTestKey("RS256", "3"),
  ];
  first = verificationKey(one.publicJwk);
  second = verificationKey(two.publicJwk);
  rsa = verificationKey(three.publicJwk);
  anyRsa = verificationKey({ ...three.material, kid: "4" });
  nameless = verificationKey(two.material);
});

type Expected = VerificationKey | "no_key" | "several_keys";

describe("chooseKey", () => {
  const cases: [string, () => [readonly VerificationKey[], string | null, Algorithm, Expected]][] = [
    ["the key of that kid", () => [[first, second], "2", "ES256", second]],
    ["the only key that can verify the algorithm, without a kid", () => [[first, rsa], null, "RS256", rsa]],
    ["a key that states no algorithm, for any that its kind allows", () => [[first, anyRsa], "4", "PS256", anyRsa]],
    ["no key from an empty set", () => [[], "1", "ES256", "no_key"]],
    ["no key for an unknown kid, however few there are", () => [[first], "9", "ES256", "no_key"]],
    ["no key for a kid in another case", () => [[{ ...first, kid: "k" }], "K", "ES256", "no_key"]],
    ["no key that is nameless, for a kid", () => [[nameless], "2", "ES256", "no_key"]],
    ["no key of that kid for another algorithm", () => [[first], "1", "RS256", "no_key"]],
    ["no RSA key for another RSA algorithm than it states", () => [[rsa], "3", "PS256", "no_key"]],
    ["no one of two keys that fit, without a kid", () => [[first, second], null, "ES256", "several_keys"]],
    [
      "no one of two keys of one kid, though only one can verify the algorithm (A06)",
      () => [[first, { ...rsa, kid: "1" }], "1", "ES256", "several_keys"],
    ],
    ["no one of one key published twice", () => [[first, first], "1", "ES256", "several_keys"]],
  ];

  it.each(cases)("chooses %s", (_what, given) => {
    const [keys, kid, alg, expected] = given();
    expect(chooseKey({ keys }, { kid, alg })).toBe(expected);
  });

  it.each(["__proto__", "constructor", "toString", "length", "0"])(
    "finds no key under the kid %s, which every list has",
    (kid) => {
      expect(chooseKey({ keys: [first] }, { kid, alg: "ES256" })).toBe("no_key");
    },
  );
});

const ALGORITHMS: SigningAlgorithm[] = ["ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"];

describe("isSignedBy", () => {
  it.each(ALGORITHMS)("accepts a signature under %s, again and again", async (alg) => {
    const key = await makeTestKey(alg);
    const verifier = verificationKey(key.publicJwk);
    const token = await signText(JSON.stringify({ alg }), "{}", key);
    expect(await isBy(token, verifier, alg)).toBe(true);
    expect(await isBy(token, verifier, alg)).toBe(true);
  });

  it.each(ALGORITHMS)("refuses a changed payload, header or signature under %s", async (alg) => {
    const key = await makeTestKey(alg);
    const verifier = verificationKey(key.publicJwk);
    const [header, payload, signature] = (await signText(JSON.stringify({ alg }), '{"a":1}', key)).split(".");
    const [otherHeader, otherPayload, otherSignature] = (
      await signText(JSON.stringify({ alg, b: 1 }), '{"a":2}', key)
    ).split(".");
    expect(await isBy([header, otherPayload, signature].join("."), verifier, alg)).toBe(false);
    expect(await isBy([otherHeader, payload, signature].join("."), verifier, alg)).toBe(false);
    expect(await isBy([header, payload, otherSignature].join("."), verifier, alg)).toBe(false);
  });

  it("refuses a token whose header states another algorithm than the one allowed", async () => {
    const key = await makeTestKey("RS256");
    const token = await signText('{"alg":"PS256"}', "{}", key);
    expect(await isBy(token, verificationKey(key.material), "RS256")).toBe(false);
  });

  it("verifies with one key under each algorithm that it allows, and mixes up no import", async () => {
    const rs = await makeTestKey("RS256");
    const privateKey = await importJWK(await exportJWK(rs.privateKey), "PS256");
    if (privateKey instanceof Uint8Array) throw new TypeError("symmetric");
    const ps = { ...rs, alg: "PS256" as const, privateKey };
    const verifier = verificationKey(rs.material);
    const [underRs, underPs] = [
      await signText('{"alg":"RS256"}', "{}", rs),
      await signText('{"alg":"PS256"}', "{}", ps),
    ];
    expect(await isBy(underRs, verifier, "RS256")).toBe(true);
    expect(await isBy(underPs, verifier, "PS256")).toBe(true);
    expect(await isBy(underRs, verifier, "PS256")).toBe(false);
    expect(await isBy(underPs, verifier, "RS256")).toBe(false);
  });

  it("says no with a key that cannot be imported, and does not throw", async () => {
    const key = await makeTestKey("ES256");
    const offCurve = verificationKey({ ...key.material, y: "A".repeat(43) });
    expect(await isBy(await signText('{"alg":"ES256"}', "{}", key), offCurve, "ES256")).toBe(false);
  });
});

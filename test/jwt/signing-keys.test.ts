import { exportJWK, generateKeyPair, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { SigningKeys, SigningKeysInvalid } from "../../src/jwt/signing-keys.ts";
import type { Members } from "../support/documents.ts";

const pairs = await Promise.all([1, 2, 3].map(() => generateKeyPair("ES256", { extractable: true })));
const jwks = await Promise.all(pairs.map(({ privateKey }) => exportJWK(privateKey)));

function key(at: number, overrides: Members = {}): Members {
  const jwk: JWK = jwks[at] ?? {};
  return { ...jwk, kid: `key-${at}`, alg: "ES256", use: "sig", status: "current", ...overrides };
}

function parse(...keys: readonly Members[]): SigningKeys {
  return SigningKeys.parse(JSON.stringify({ keys }));
}

const rotation = [key(0), key(1, { status: "next" }), key(2, { status: "retired", d: undefined })];

describe("a set of signing keys", () => {
  it("signs with the current one, wherever it stands", async () => {
    for (const keys of [rotation, rotation.toReversed()]) {
      const signer = await parse(...keys).signer();
      expect(signer.kid).toBe("key-0");
      expect(signer.key.usages).toEqual(["sign"]);
    }
  });

  it("imports the key once, and lets nobody have it", async () => {
    const keys = parse(...rotation);
    const [first, second] = [await keys.signer(), await keys.signer()];
    expect(second.key).toBe(first.key);
    expect(first.key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("jwk", first.key)).rejects.toThrow("extractable");
  });

  // A verifier must know the next key before it signs, and the retired one for as long as its tokens live.
  it("publishes and verifies by all of them", () => {
    const { keys, published } = parse(...rotation);
    expect(published.keys.map(({ kid }) => kid)).toEqual(["key-0", "key-1", "key-2"]);
    expect(keys.map(({ kid }) => kid)).toEqual(["key-0", "key-1", "key-2"]);
  });

  it("publishes nothing that is private, nor what is ours to know", () => {
    const { published, keys } = parse(...rotation);
    for (const each of published.keys) {
      expect(Object.keys(each).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
    const text = JSON.stringify([published, keys]);
    for (const { d } of jwks) expect(text).not.toContain(d);
  });
});

describe("a secret that is no set of signing keys", () => {
  const { d: _d, ...publicOnly } = key(0);

  it.each<[string, string]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["no keys", '{"keys":[]}'],
    ["a member too much", JSON.stringify({ keys: [key(0)], extra: 1 })],
    ["no current key", JSON.stringify({ keys: [key(0, { status: "next" })] })],
    ["two current keys", JSON.stringify({ keys: [key(0), key(1)] })],
    ["a current key that is public", JSON.stringify({ keys: [publicOnly] })],
    // The first of two would be taken, which cannot sign.
    ["a current key beside its public half", JSON.stringify({ keys: [publicOnly, key(1)] })],
    // Every token would be refused at the gateway: two keys of one name are as good as none.
    ["two keys of one name", JSON.stringify({ keys: [key(0), key(1, { kid: "key-0", status: "next" })] })],
    ["a key without a name", JSON.stringify({ keys: [key(0, { kid: undefined })] })],
    ["a key of another curve", JSON.stringify({ keys: [key(0, { crv: "P-384" })] })],
    ["a key for another algorithm", JSON.stringify({ keys: [key(0, { alg: "RS256" })] })],
    ["a key for encryption", JSON.stringify({ keys: [key(0, { use: "enc" })] })],
    // It would be published and never verify.
    ["a key that is too short", JSON.stringify({ keys: [key(0), key(1, { status: "retired", x: "AAAA" })] })],
    ["a key with members that nobody knows", JSON.stringify({ keys: [key(0, { oth: 1 })] })],
    [
      "too many keys",
      JSON.stringify({
        keys: [key(0), ...Array.from({ length: 8 }, (_, at) => key(1, { status: "next", kid: `n${at}` }))],
      }),
    ],
  ])("(%s) is refused, without a word of it", (_name, secret) => {
    expect(() => SigningKeys.parse(secret)).toThrow(SigningKeysInvalid);
    expect(() => SigningKeys.parse(secret)).toThrow(
      /^SIGNING_KEYS does not parse; make one with: npx crossgate keys new$/,
    );
  });
});

import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import {
  createSigningKeys,
  parseSigningKeys,
  publicSigningKeys,
  rotateSigningKeys,
  type SigningKey,
  type SigningKeySet,
} from "../../cli/signing-keys.ts";

function keyWith(set: SigningKeySet, status: SigningKey["status"]): SigningKey {
  const found = set.keys.filter((key) => key.status === status);
  expect(found).toHaveLength(1);
  const [key] = found;
  if (key === undefined) throw new Error(`no ${status} key`);
  return key;
}

describe("createSigningKeys", () => {
  it("makes one key that signs and one that is published ahead, each named by its RFC 7638 thumbprint", async () => {
    const { keys } = await createSigningKeys();
    expect(keys.map(({ status }) => status)).toEqual(["current", "next"]);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", use: "sig", d: expect.any(String) });
      expect(key.kid).toBe(await calculateJwkThumbprint(key, "sha256"));
    }
  });

  it("makes keys that sign", async () => {
    const current = keyWith(await createSigningKeys(), "current");
    const { d: _privateMember, ...publicMembers } = current;
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256" })
      .sign(await importJWK({ ...current }, "ES256"));
    await expect(jwtVerify(token, await importJWK(publicMembers, "ES256"))).resolves.toBeDefined();
  });
});

describe("rotateSigningKeys", () => {
  it("lets the published key sign and the former one only verify", async () => {
    const before = await createSigningKeys();
    const after = await rotateSigningKeys(before);
    expect(keyWith(after, "current")).toEqual({ ...keyWith(before, "next"), status: "current" });
    const { d: _privateMember, ...former } = keyWith(before, "current");
    expect(keyWith(after, "retired")).toEqual({ ...former, status: "retired" });
    expect(keyWith(after, "retired")).not.toHaveProperty("d");
    expect(before.keys.map(({ kid }) => kid)).not.toContain(keyWith(after, "next").kid);
  });

  it("keeps one retired key at most", async () => {
    const first = await createSigningKeys();
    const third = await rotateSigningKeys(await rotateSigningKeys(first));
    expect(third.keys).toHaveLength(3);
    expect(third.keys.map(({ kid }) => kid)).not.toContain(keyWith(first, "current").kid);
  });

  it("does not alter the set that it was given", async () => {
    const before = await createSigningKeys();
    const copy = structuredClone(before);
    await rotateSigningKeys(before);
    expect(before).toEqual(copy);
  });
});

describe("publicSigningKeys", () => {
  it("holds no private member", async () => {
    const set = await rotateSigningKeys(await createSigningKeys());
    expect(publicSigningKeys(set)).toHaveLength(3);
    for (const key of publicSigningKeys(set)) expect(key).not.toHaveProperty("d");
  });
});

describe("parseSigningKeys", () => {
  it("reads what was made", async () => {
    const set = await rotateSigningKeys(await createSigningKeys());
    expect(parseSigningKeys(JSON.stringify(set), "keys.json")).toEqual(set);
  });

  it("names the source and the fix, and never quotes a private key", () => {
    const read = () => parseSigningKeys('{"keys": secret-material', "keys.json");
    expect(read).toThrow("keys.json is not JSON. Make a signing key set with: npx crossgate keys new");
    expect(read).not.toThrow("secret-material");
  });

  it.each([
    [
      "no current key",
      (set: SigningKeySet) => ({ keys: set.keys.filter(({ status }) => status !== "current") }),
      "one current key",
    ],
    [
      "two current keys",
      (set: SigningKeySet) => ({ keys: set.keys.map((key) => ({ ...key, status: "current" })) }),
      "one current key",
    ],
    ["the public half only", (set: SigningKeySet) => ({ keys: publicSigningKeys(set) }), "keys.0.d: missing"],
    [
      "a key of another kind",
      (set: SigningKeySet) => ({ keys: set.keys.map((key) => ({ ...key, kty: "RSA" })) }),
      "keys.0.kty",
    ],
  ])("refuses %s", async (_what, alter, complaint) => {
    const text = JSON.stringify(alter(await createSigningKeys()));
    expect(() => parseSigningKeys(text, "keys.json")).toThrow(complaint);
  });
});

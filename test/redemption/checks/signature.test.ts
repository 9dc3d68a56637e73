import { describe, expect, it } from "vitest";
import { type UnverifiedJws, parseCompactJws } from "../../../src/jwt/compact-jws.ts";
import type { Algorithm, VerificationKey } from "../../../src/jwt/json-web-key.ts";
import { readVerificationKey } from "../../../src/jwt/json-web-key.ts";
import { type KeyChoice, chooseKey } from "../../../src/jwt/verify.ts";
import { signature } from "../../../src/redemption/checks/signature.ts";
import type { Members } from "../../support/documents.ts";
import { makeIdp, reasonOf } from "../../support/redemption.ts";
import { makeTestKey, type SigningAlgorithm, signText, type TestKey } from "../../support/test-idp.ts";

const idp = makeIdp();

async function signedBy(key: TestKey, header: Members = {}): Promise<UnverifiedJws> {
  const token = await signText(
    JSON.stringify({ alg: key.alg, kid: key.kid, ...header }),
    JSON.stringify({ sub: "ada" }),
    key,
  );
  return parseCompactJws(token, "forbidden");
}

function publish(...keys: readonly TestKey[]) {
  const read = keys
    .map((key) => readVerificationKey(key.publicJwk))
    .filter((key): key is VerificationKey => typeof key !== "string");
  return {
    findKey: async (_idp: unknown, wanted: { kid: string | null; alg: Algorithm }): Promise<KeyChoice> =>
      chooseKey({ keys: read }, wanted),
  };
}

describe("signature", () => {
  it.each<SigningAlgorithm>(["ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"])(
    "accepts %s by the issuer's key",
    async (alg) => {
      const key = await makeTestKey(alg);
      const gives = await signature({ jws: await signedBy(key), idp, algorithm: alg }, publish(key));
      expect(gives).toEqual({ claims: { sub: "ada" }, signingKeyId: key.kid });
    },
  );

  it("accepts an assertion without kid while one key can have signed it", async () => {
    const [key, other] = await Promise.all([makeTestKey("ES256"), makeTestKey("ES384")]);
    const jws = await signedBy(key, { kid: undefined });
    const gives = await signature({ jws, idp, algorithm: "ES256" }, publish(key, other));
    expect(gives.signingKeyId).toBe(key.kid);
  });

  it("refuses a kid that the issuer does not publish", async () => {
    const key = await makeTestKey("ES256");
    const jws = await signedBy(key, { kid: "another" });
    expect(await reasonOf(() => signature({ jws, idp, algorithm: "ES256" }, publish(key)))).toBe("key_unknown");
  });

  it("refuses a kid whose key cannot be of that algorithm", async () => {
    const key = await makeTestKey("ES256");
    const jws = await signedBy(key, { alg: "ES384" });
    expect(await reasonOf(() => signature({ jws, idp, algorithm: "ES384" }, publish(key)))).toBe("key_unknown");
  });

  it("refuses to choose between two keys of one kid, or of none", async () => {
    const [key, twin] = [await makeTestKey("ES256", "same"), await makeTestKey("ES256", "same")];
    const named = await signedBy(key);
    const unnamed = await signedBy(key, { kid: undefined });
    expect(await reasonOf(() => signature({ jws: named, idp, algorithm: "ES256" }, publish(key, twin)))).toBe(
      "key_ambiguous",
    );
    expect(await reasonOf(() => signature({ jws: unnamed, idp, algorithm: "ES256" }, publish(key, twin)))).toBe(
      "key_ambiguous",
    );
  });

  it("refuses the signature of another key under this key's kid", async () => {
    const [key, stranger] = [await makeTestKey("ES256"), await makeTestKey("ES256")];
    const jws = await signedBy(stranger);
    expect(await reasonOf(() => signature({ jws, idp, algorithm: "ES256" }, publish(key)))).toBe("signature_invalid");
  });

  it("refuses claims that were changed after signing", async () => {
    const key = await makeTestKey("ES256");
    const { token } = await signedBy(key);
    const [header, , mac] = token.split(".");
    const jws = parseCompactJws([header, "eyJzdWIiOiJib2IifQ", mac].join("."), "forbidden");
    expect(await reasonOf(() => signature({ jws, idp, algorithm: "ES256" }, publish(key)))).toBe("signature_invalid");
  });

  it("asks for a key of this issuer, by kid and algorithm, and of no other", async () => {
    const key = await makeTestKey("ES256");
    const asked: unknown[] = [];
    const findKey = async (...args: readonly unknown[]): Promise<KeyChoice> => {
      asked.push(...args);
      return "no_key";
    };
    await reasonOf(async () => signature({ jws: await signedBy(key), idp, algorithm: "ES256" }, { findKey }));
    expect(asked).toEqual([idp, { kid: key.kid, alg: "ES256" }]);
  });
});

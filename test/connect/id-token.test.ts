import { beforeAll, describe, expect, it } from "vitest";
import { verifyIdToken } from "../../src/connect/id-token.ts";
import { ConnectRefused } from "../../src/connect/refusal.ts";
import type { Algorithm, VerificationKey } from "../../src/jwt/json-web-key.ts";
import { readVerificationKey } from "../../src/jwt/json-web-key.ts";
import { chooseKey } from "../../src/jwt/verify.ts";
import { IDP, type Members } from "../support/documents.ts";
import { makeIdp } from "../support/redemption.ts";
import { makeTestKey, TestIdp } from "../support/test-idp.ts";

const NOW = 1_800_000_000;
const CLIENT_ID = "crossgate-at-the-idp";
const idp = makeIdp();
let issuer: TestIdp;

beforeAll(async () => {
  issuer = await TestIdp.start();
});

const claims = (overrides: Members = {}): Members => ({
  iss: IDP,
  sub: "ada",
  aud: CLIENT_ID,
  nonce: "the-nonce",
  iat: NOW,
  exp: NOW + 300,
  ...overrides,
});

const findKey = async (_idp: unknown, wanted: { kid: string | null; alg: Algorithm }) => {
  const keys = issuer.jwks.keys.map((key) => readVerificationKey(key)) as VerificationKey[];
  return chooseKey({ keys }, wanted);
};

async function verify(overrides: Members = {}, options: Parameters<TestIdp["sign"]>[1] = {}, by = idp) {
  const { header = {}, ...others } = options;
  const token = await issuer.sign(claims(overrides), { ...others, header: { typ: undefined, ...header } });
  const expected = { idp: by, clientId: CLIENT_ID, nonce: "the-nonce", nowSeconds: NOW };
  return verifyIdToken(token, expected, { findKey }).catch((error: unknown) => {
    if (error instanceof ConnectRefused) return error.reason;
    throw error;
  });
}

describe("an ID token", () => {
  it("says who has signed in and since when", async () => {
    expect(await verify({ email: "ada@acme.example", auth_time: NOW - 60 })).toMatchObject({
      sub: "ada",
      name: "ada@acme.example",
      organization: "acme",
      idpTenant: null,
      signedInAtSeconds: NOW - 60,
    });
    expect(await verify({}, { header: { typ: "JWT" } })).toMatchObject({ name: "ada", signedInAtSeconds: NOW });
  });

  it("may have other audiences beside us when it says that we are meant (OIDC Core §2)", async () => {
    expect(await verify({ aud: [CLIENT_ID] })).toMatchObject({ sub: "ada" });
    expect(await verify({ aud: [CLIENT_ID, "other"], azp: CLIENT_ID })).toMatchObject({ sub: "ada" });
  });

  it.each<[string, Members]>([
    ["of another issuer", { iss: `${IDP}/` }],
    ["for another client", { aud: "another" }],
    ["for nobody", { aud: undefined }],
    ["for others beside us, without saying who is meant", { aud: [CLIENT_ID, "other"] }],
    ["meant for another", { aud: [CLIENT_ID, "other"], azp: "other" }],
    ["for us alone, and meant for another", { azp: "other" }],
    ["of another sign-in", { nonce: "another" }],
    ["of no sign-in in particular", { nonce: undefined }],
    ["expired", { exp: NOW - 30 }],
    ["without an end", { exp: undefined }],
    ["of the future", { iat: NOW + 31, exp: NOW + 300 }],
    ["issued long ago", { iat: NOW - 601 }],
    ["without a beginning", { iat: undefined }],
    ["of nobody", { sub: undefined }],
    ["with a sign-in time that is none", { auth_time: "now" }],
  ])("that is %s is refused", async (_, overrides) => {
    expect(await verify(overrides)).toBe("connect_id_token_invalid");
  });

  it("is none where it is another kind of JWT by the same keys", async () => {
    for (const typ of ["oauth-id-jag+jwt", "at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt"]) {
      expect(await verify({}, { header: { typ } })).toBe("connect_id_token_invalid");
    }
  });

  it("is none without the provider's own signature, under an algorithm of its record", async () => {
    const stranger = await makeTestKey("ES256", issuer.key.kid);
    expect(await verify({}, { key: stranger })).toBe("connect_id_token_invalid");
    expect(await verify({}, { header: { alg: "none" } })).toBe("connect_id_token_invalid");
    expect(await verify({}, {}, makeIdp({ algorithms: ["RS256"] }))).toBe("connect_id_token_invalid");
  });

  it("at an issuer of several customers must say whose user it is", async () => {
    const shared = makeIdp({ organization: undefined, tenants: { t1: "acme" } });
    expect(await verify({ tenant: "t1" }, {}, shared)).toMatchObject({ organization: "acme", idpTenant: "t1" });
    for (const tenant of [undefined, "t2"])
      expect(await verify({ tenant }, {}, shared)).toBe("connect_id_token_invalid");
  });

  it("that is no token at all is refused", async () => {
    const expected = { idp, clientId: CLIENT_ID, nonce: "the-nonce", nowSeconds: NOW };
    await expect(verifyIdToken("nonsense", expected, { findKey })).rejects.toThrow("connect_id_token_invalid");
  });
});

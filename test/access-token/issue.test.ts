import { compactVerify, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { signAccessToken } from "../../src/access-token/issue.ts";
import { SigningKeys } from "../../src/jwt/signing-keys.ts";
import { Outage } from "../../src/audit/reason.ts";
import { type AccessTokenContents, acknowledge } from "../../src/redemption/sealed-access-token.ts";
import { CLIENT, CROSSGATE, IDP, ORGANIZATION, RESOURCE } from "../support/documents.ts";
import { NOW } from "../support/redemption.ts";

let keys: SigningKeys;

beforeAll(async () => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: "key-1", alg: "ES256", use: "sig", status: "current" };
  keys = SigningKeys.parse(JSON.stringify({ keys: [jwk] }));
});

function makeContents(overrides: Partial<AccessTokenContents> = {}): AccessTokenContents {
  return {
    tokenId: "token-1",
    tokenAudience: RESOURCE,
    clientId: CLIENT,
    subject: { issuer: IDP, tenant: null, sub: "user-ada", account: null, principal: "usr_1" },
    organization: ORGANIZATION,
    scope: new Set(["files:write", "files:read"]),
    authorizationDetails: [],
    authorizationDetailsHash: null,
    actor: null,
    authentication: { authTimeSeconds: null, acr: null, amr: null },
    policyFacts: { groups: [], emailDomain: null, asked: null },
    policyRevision: "policy-1",
    confirmedKey: null,
    assertion: { issuedAtSeconds: NOW - 5, keyId: "idp-key" },
    issuedAtSeconds: NOW,
    expiresAtSeconds: NOW + 300,
    ...overrides,
  };
}

async function sign(overrides: Partial<AccessTokenContents> = {}): Promise<string> {
  const contents = makeContents(overrides);
  const sealed = await signAccessToken(contents, { issuer: CROSSGATE, keys });
  return sealed.open(acknowledge("consumed", contents.tokenId));
}

describe("an access token", () => {
  it("is an at+jwt that the published key verifies [T9068-01]", async () => {
    const token = await sign();
    expect(decodeProtectedHeader(token)).toEqual({ typ: "at+jwt", alg: "ES256", kid: "key-1" });
    const [published] = keys.published.keys;
    await expect(compactVerify(token, await importJWK({ ...published }, "ES256"))).resolves.toBeDefined();
  });

  it("says what RFC 9068 asks for, and leaves out what is not known [T9068-02, T9068-04]", async () => {
    expect(decodeJwt(await sign())).toEqual({
      iss: CROSSGATE,
      aud: RESOURCE,
      sub: "usr_1",
      sub_id: { format: "iss_sub", iss: IDP, sub: "user-ada" },
      client_id: CLIENT,
      jti: "token-1",
      iat: NOW,
      exp: NOW + 300,
      scope: "files:read files:write",
      organization: ORGANIZATION,
      assertion: { iat: NOW - 5, kid: "idp-key" },
      policy: { revision: "policy-1" },
    });
  });

  it("says of the person what policy asks about, and which policy that was", async () => {
    const policyFacts = { groups: ["analysts"], emailDomain: "example.com", asked: "asked-1" };
    expect(decodeJwt(await sign({ policyFacts }))).toMatchObject({
      groups: ["analysts"],
      email_domain: "example.com",
      policy: { revision: "policy-1", asked: "asked-1" },
    });
  });

  it("says who acts, in which tenant, how the user signed in and which key may use it [JAG-R-45, T9068-03, SU-03]", async () => {
    const act = { sub: "agent-7", act: { sub: "agent-6" } };
    const claims = decodeJwt(
      await sign({
        subject: { issuer: IDP, tenant: "t1", sub: "user-ada", account: null, principal: "usr_2" },
        actor: { sub: "agent-7", iss: null, claim: act },
        authentication: { authTimeSeconds: NOW - 60, acr: "urn:x", amr: ["pwd"] },
        confirmedKey: "thumbprint",
      }),
    );
    const expected = { tenant: "t1", act, auth_time: NOW - 60, acr: "urn:x", amr: ["pwd"], cnf: { jkt: "thumbprint" } };
    expect(claims).toMatchObject(expected);
  });

  // The assertion's audience is us; a token with it would be good for nothing, or for everything.
  it("is for one resource, as a string [JAG-R-23, EMA-05]", async () => {
    expect(decodeJwt(await sign({ tokenAudience: "https://crossgate.example/other" })).aud).toBe(
      "https://crossgate.example/other",
    );
  });

  it("is shown to nobody before the ledger has spoken", async () => {
    const sealed = await signAccessToken(makeContents(), { issuer: CROSSGATE, keys });
    expect(JSON.stringify(sealed)).toBe("{}");
    expect(() => sealed.open(acknowledge("consumed", "token-2"))).toThrow("another token");
  });
});

describe("a signer that fails", () => {
  it.each([
    ["to have its key", () => vi.spyOn(keys, "signer").mockRejectedValueOnce(new Error("secret-in-the-error"))],
    ["to sign", () => vi.spyOn(crypto.subtle, "sign").mockRejectedValueOnce(new Error("secret-in-the-error"))],
  ])("%s is an outage that tells nothing", async (_name, fail) => {
    const spy = fail();
    const failure = await sign().catch((error: unknown) => error);
    spy.mockRestore();
    expect(failure).toBeInstanceOf(Outage);
    expect(failure).toMatchObject({ reason: "signer_unavailable", message: "signer_unavailable" });
    await expect(sign()).resolves.toEqual(expect.any(String));
  });
});

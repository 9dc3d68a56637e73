import { exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { SigningKeys } from "../../src/jwt/signing-keys.ts";
import { type Expectations, verifyAccessToken } from "../../src/access-token/verify.ts";
import { kindOfFence } from "../../src/revocation/fence-names.ts";
import { CLIENT, CROSSGATE, IDP, type Members, ORGANIZATION, RESOURCE } from "../support/documents.ts";
import { NOW } from "../support/redemption.ts";
import { makeTestKey, signText, type TestKey } from "../support/test-idp.ts";

let key: TestKey;
let stranger: TestKey;
let keys: SigningKeys;

beforeAll(async () => {
  [key, stranger] = await Promise.all([makeTestKey("ES256", "key-1"), makeTestKey("ES256", "key-1")]);
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const current = { ...(await exportJWK(privateKey)), kid: "key-2", alg: "ES256", use: "sig", status: "current" };
  const retired = { ...key.material, kid: "key-1", alg: "ES256", use: "sig", status: "retired" };
  keys = SigningKeys.parse(JSON.stringify({ keys: [current, retired] }));
});

interface Changes {
  readonly claims?: Members;
  readonly header?: Members;
  readonly signer?: TestKey;
}

function makeToken({ claims, header, signer = key }: Changes = {}): Promise<string> {
  const all = {
    iss: CROSSGATE,
    aud: RESOURCE,
    sub: "usr_1",
    sub_id: { format: "iss_sub", iss: IDP, sub: "user-ada" },
    client_id: CLIENT,
    jti: "token-1",
    iat: NOW,
    exp: NOW + 300,
    scope: "files:read",
    organization: ORGANIZATION,
    ...claims,
  };
  return signText(
    JSON.stringify({ typ: "at+jwt", alg: "ES256", kid: "key-1", ...header }),
    JSON.stringify(all),
    signer,
  );
}

const expectations: Expectations = { issuer: CROSSGATE, audience: RESOURCE, nowSeconds: NOW };

async function refusalOf(token: string, overrides: Partial<Expectations> = {}): Promise<string | null> {
  return (await verifyAccessToken(token, keys, { ...expectations, ...overrides })).refusal;
}

describe("an access token", () => {
  it("says what its bearer has proved", async () => {
    const token = await makeToken({
      claims: {
        act: { sub: "agent-7" },
        tenant: "t1",
        cnf: { jkt: "thumbprint" },
        scope: "a b",
        auth_time: NOW - 60,
        acr: "phr",
        amr: ["hwk"],
        groups: ["analysts"],
        email_domain: "example.com",
        authorization_details: [{ type: "payment", amount: 1 }, { type: "payment" }, { amount: 1 }, "payment"],
        policy: { revision: "policy-1", asked: "asked-1" },
      },
    });
    expect(await verifyAccessToken(token, keys, expectations)).toEqual({
      refusal: null,
      token: {
        kind: "own",
        authorizationDetailsTypes: new Set(["payment"]),
        tokenId: "token-1",
        audience: RESOURCE,
        principal: "usr_1",
        subject: { issuer: IDP, sub: "user-ada", tenant: "t1" },
        clientId: CLIENT,
        organization: ORGANIZATION,
        actor: "agent-7",
        scope: new Set(["a", "b"]),
        authentication: { authTimeSeconds: NOW - 60, acr: "phr", amr: ["hwk"] },
        groups: new Set(["analysts"]),
        emailDomain: "example.com",
        isFactsStated: false,
        policy: { revision: "policy-1", asked: "asked-1" },
        expiresAtSeconds: NOW + 300,
        confirmedKey: "thumbprint",
        fenced: { names: expect.arrayContaining(["token:token-1", "principal:usr_1"]), signedInAtMilliseconds: 0 },
      },
    });
  });

  it("says what revoking would name to end it, the key that signed it too", async () => {
    const { token } = await verifyAccessToken(await makeToken({ claims: { tenant: "t1" } }), keys, expectations);
    const kinds = token?.fenced.names.map((name) => kindOfFence(name));
    expect(kinds?.toSorted()).toEqual([
      "client",
      "connection",
      "issuer",
      "organization",
      "principal",
      "resource",
      "signing_key",
      "subject",
      "subject",
      "token",
    ]);
  });

  // A sign-in of the far future would outlive every event that ends sign-ins.
  it.each([
    ["the sign-in", { auth_time: NOW - 900, assertion: { iat: NOW - 5 } }, NOW - 900],
    ["the assertion where no sign-in is known", { assertion: { iat: NOW - 5 } }, NOW - 5],
    [
      "the assertion where the sign-in was still to come",
      { auth_time: NOW + 900, assertion: { iat: NOW - 5 } },
      NOW - 5,
    ],
    ["the oldest there is where nothing is known", {}, 0],
  ])("rests on %s", async (_name, claims, signedInAt) => {
    const { token } = await verifyAccessToken(await makeToken({ claims }), keys, expectations);
    expect(token?.fenced.signedInAtMilliseconds).toBe(signedInAt * 1000);
  });

  it("without actor, tenant and binding is a bearer token of the user", async () => {
    const { token } = await verifyAccessToken(await makeToken(), keys, expectations);
    expect(token).toMatchObject({ actor: null, confirmedKey: null, subject: { tenant: null } });
  });

  // Exact to the second: both clocks are ours.
  it.each([
    [NOW + 299, null],
    [NOW + 300, "token_expired"],
    [NOW + 301, "token_expired"],
  ])("at %i: %s", async (nowSeconds, refusal) => {
    expect(await refusalOf(await makeToken(), { nowSeconds })).toBe(refusal);
  });

  it.each<[string, Changes, string]>([
    ["of another issuer", { claims: { iss: "https://other.example" } }, "token_issuer"],
    ["of an issuer with a slash", { claims: { iss: `${CROSSGATE}/` } }, "token_issuer"],
    // RFC 8707, MCP: a sibling's token is refused.
    ["for another resource", { claims: { aud: `${RESOURCE}/other` } }, "token_audience"],
    ["for several resources", { claims: { aud: [RESOURCE, "https://other.example"] } }, "token_audience"],
    ["for a list of the one", { claims: { aud: [RESOURCE] } }, "token_audience"],
    ["for nobody", { claims: { aud: undefined } }, "token_audience"],
    ["by another key of that name", { signer: "stranger" as never }, "token_signature"],
    ["by a key that is not ours", { header: { kid: "unknown" } }, "token_signature"],
    ["without a key's name, of two", { header: { kid: undefined } }, "token_signature"],
    ["of another type", { header: { typ: "JWT" } }, "token_malformed"],
    ["that is an ID-JAG", { header: { typ: "oauth-id-jag+jwt" } }, "token_malformed"],
    ["without a type", { header: { typ: undefined } }, "token_malformed"],
    ["of another algorithm", { header: { alg: "ES384" } }, "token_malformed"],
    ["without a signature's algorithm", { header: { alg: "none" } }, "token_malformed"],
    ["with its own key", { header: { jwk: {} } }, "token_malformed"],
  ])("%s is refused [T9068-05]", async (_name, changes, refusal) => {
    const signer = "signer" in changes ? stranger : key;
    expect(await refusalOf(await makeToken({ ...changes, signer }))).toBe(refusal);
  });

  it.each<[string, Members]>([
    ["exp", { exp: undefined }],
    ["exp as text", { exp: String(NOW + 300) }],
    ["jti", { jti: undefined }],
    ["sub", { sub: undefined }],
    ["client_id", { client_id: undefined }],
    ["organization", { organization: undefined }],
    ["scope", { scope: undefined }],
    ["scope as a list", { scope: ["a"] }],
    ["scope that is none", { scope: "a  b" }],
  ])("without a proper %s is malformed", async (_name, claims) => {
    expect(await refusalOf(await makeToken({ claims }))).toBe("token_malformed");
  });

  it.each(["", "x", "a.b.c", "..", `${"a".repeat(20_000)}.b.c`])("is not %s", async (token) => {
    expect(await refusalOf(token)).toBe("token_malformed");
  });

  it("that was changed is refused", async () => {
    const [header, payload = "", signature] = (await makeToken()).split(".");
    const claims = JSON.parse(atob(payload)) as Members;
    const forged = btoa(JSON.stringify({ ...claims, scope: "admin" })).replaceAll("=", "");
    expect(await refusalOf([header, forged, signature].join("."))).toBe("token_signature");
  });

  // Whose token it is goes into the record of the refusal, and only for a token that is ours.
  it("that is refused for its time or place is still known; one that is forged is not", async () => {
    const late = await verifyAccessToken(await makeToken(), keys, { ...expectations, nowSeconds: NOW + 999 });
    expect(late).toMatchObject({ refusal: "token_expired", token: { clientId: CLIENT } });
    const forged = await verifyAccessToken(await makeToken({ signer: stranger }), keys, expectations);
    expect(forged).toEqual({ refusal: "token_signature", token: null });
  });
});

// F07: a binding that cannot be read must never turn a bound token into a bearer one.
describe("a binding", () => {
  it.each<[unknown, string | null]>([
    [undefined, null],
    [{ jkt: "thumbprint" }, "thumbprint"],
    [{}, "unreadable"],
    [null, "unreadable"],
    ["thumbprint", "unreadable"],
    [[], "unreadable"],
    [{ jkt: 7 }, "unreadable"],
    [{ jwk: {} }, "unreadable"],
  ])("%j is %j", async (cnf, confirmedKey) => {
    const { token } = await verifyAccessToken(await makeToken({ claims: { cnf } }), keys, expectations);
    expect(token?.confirmedKey).toBe(confirmedKey);
  });
});

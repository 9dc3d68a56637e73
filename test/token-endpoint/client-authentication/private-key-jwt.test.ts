import { beforeAll, describe, expect, it } from "vitest";
import { readVerificationKey } from "../../../src/jwt/json-web-key.ts";
import { chooseKey } from "../../../src/jwt/verify.ts";
import { LIMITS } from "../../../src/limits.ts";
import {
  parseClientAssertion,
  type SpendableJti,
  verifyClientAssertion,
} from "../../../src/token-endpoint/client-authentication/private-key-jwt.ts";
import { CLIENT, CROSSGATE, type Members } from "../../support/documents.ts";
import { makeClient, NOW, reasonOf } from "../../support/redemption.ts";
import { makeTestKey, signText, type TestKey } from "../../support/test-idp.ts";

let key: TestKey;
let stranger: TestKey;

beforeAll(async () => {
  [key, stranger] = await Promise.all([makeTestKey("ES256", "client-key"), makeTestKey("ES256", "client-key")]);
});

interface Changes {
  readonly claims?: Members;
  readonly header?: Members;
  readonly signer?: TestKey;
  readonly client?: Members;
}

function sign({ claims, header, signer = key }: Changes): Promise<string> {
  const members = { iss: CLIENT, sub: CLIENT, aud: CROSSGATE, jti: "jti-1", iat: NOW, exp: NOW + 60, ...claims };
  return signText(JSON.stringify({ alg: signer.alg, kid: signer.kid, ...header }), JSON.stringify(members), signer);
}

async function authenticate(changes: Changes = {}, clientId: string | null = null): Promise<SpendableJti> {
  const published = readVerificationKey(key.publicJwk);
  if (typeof published === "string") throw new TypeError(published);
  const client = makeClient({
    authentication: { methods: ["private_key_jwt"], key_set: { keys: [key.publicJwk] }, ...changes.client },
  });
  return verifyClientAssertion(parseClientAssertion(await sign(changes), clientId), client, {
    issuer: CROSSGATE,
    nowSeconds: NOW,
    findKey: async (_client, wanted) => chooseKey({ keys: [published] }, wanted),
  });
}

const verdictOf = (changes: Changes, clientId: string | null = null) => reasonOf(() => authenticate(changes, clientId));

describe("a client assertion [PKJ-01]", () => {
  it("that is good gives its jti, to be spent and remembered past its last acceptance", async () => {
    const retainUntilSeconds = NOW + 60 + 2 * LIMITS.clockToleranceSeconds + 60;
    expect(await authenticate()).toEqual({ jti: "jti-1", retainUntilSeconds });
  });

  it.each<[string, Members]>([
    ["no type", {}],
    ["JWT", { typ: "JWT" }],
    ["its own type", { typ: "client-authentication+jwt" }],
    ["its own type, spelled out", { typ: "application/Client-Authentication+JWT" }],
  ])("may have %s [B7523-03]", async (_name, header) => {
    expect(await verdictOf({ header })).toBe("accepted");
  });

  // A token that was made for something else must not authenticate the client it names.
  it.each(["oauth-id-jag+jwt", "at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "x"])(
    "is not a JWT of type %s",
    async (typ) => {
      expect(await verdictOf({ header: { typ } })).toBe("client_assertion_type");
    },
  );

  it.each<[string, Members, string | null]>([
    ["without iss", { iss: undefined }, null],
    ["without sub", { sub: undefined }, null],
    ["whose iss and sub differ", { iss: "another" }, null],
    ["whose iss and sub are empty", { iss: "", sub: "" }, null],
    ["whose iss and sub are no strings", { iss: 1, sub: 1 }, null],
    ["of another client than client_id names", {}, "another"],
  ])("%s is refused before any key is looked for", async (_name, claims, clientId) => {
    expect(await verdictOf({ claims, signer: stranger }, clientId)).toBe("client_assertion_claims");
  });

  it("beside its client_id is accepted [A7523-04]", async () => {
    expect(await verdictOf({}, CLIENT)).toBe("accepted");
  });

  // rfc7523bis §4: the issuer alone. The endpoint's URL as audience is how one server's assertion serves at another.
  it.each<[string, unknown]>([
    ["absent", undefined],
    ["the token endpoint", `${CROSSGATE}/token`],
    ["a slash more", `${CROSSGATE}/`],
    ["another server", "https://other.example"],
    ["several", [CROSSGATE, "https://other.example"]],
    ["the same twice", [CROSSGATE, CROSSGATE]],
    ["an empty list", []],
    ["a number", 1],
    ["upper case", CROSSGATE.toUpperCase()],
  ])(
    "with an audience that is %s is refused [CVE-2025-27370, CVE-2025-27371] [B7523-01, B7523-04]",
    async (_name, aud) => {
      expect(await verdictOf({ claims: { aud } })).toBe("client_assertion_audience");
    },
  );

  it.each([[CROSSGATE], [[CROSSGATE]]])("with the audience %j is accepted", async (aud) => {
    expect(await verdictOf({ claims: { aud } })).toBe("accepted");
  });

  const tolerance = LIMITS.clockToleranceSeconds;
  const lifetime = LIMITS.clientAssertionLifetimeSeconds;

  it.each<[string, Members, string]>([
    ["in its last second", { iat: NOW - 60, exp: NOW - tolerance + 1 }, "accepted"],
    ["when it has expired", { iat: NOW - 60, exp: NOW - tolerance }, "client_assertion_expired"],
    ["of the longest life", { exp: NOW + lifetime }, "accepted"],
    ["of a longer life", { exp: NOW + lifetime + 1 }, "client_assertion_expired"],
    [
      "of a longer life that says nothing of its start",
      { iat: undefined, exp: NOW + lifetime + 1 },
      "client_assertion_expired",
    ],
    ["without iat", { iat: undefined }, "accepted"],
    ["without iat, in the tolerance after its end", { iat: undefined, exp: NOW - 1 }, "accepted"],
    ["from a clock that is fast", { iat: NOW + tolerance, exp: NOW + tolerance + 60 }, "accepted"],
    ["from too far ahead", { iat: NOW + tolerance + 1, exp: NOW + tolerance + 60 }, "client_assertion_expired"],
    // A start moved far ahead must not buy a life that ends far off.
    ["from far in the future", { iat: NOW + 1_000_000, exp: NOW + 1_000_060 }, "client_assertion_expired"],
    ["that ends before it starts", { iat: NOW + 10, exp: NOW + 5 }, "client_assertion_expired"],
    ["not yet valid", { nbf: NOW + tolerance + 1 }, "client_assertion_expired"],
    ["valid from now", { nbf: NOW }, "accepted"],
  ])("%s", async (_name, claims, verdict) => {
    expect(await verdictOf({ claims })).toBe(verdict);
  });

  it.each<[string, Members]>([
    ["no jti", { jti: undefined }],
    ["an empty jti", { jti: "" }],
    ["a jti that is a number", { jti: 1 }],
    ["a giant jti", { jti: "j".repeat(LIMITS.jtiBytes + 1) }],
    ["no exp", { exp: undefined }],
    ["an exp that is text", { exp: String(NOW + 60) }],
    ["an exp in milliseconds", { exp: (NOW + 60) * 1_000_000 }],
    ["an iat that is text", { iat: String(NOW) }],
    ["an nbf that is null", { nbf: null }],
    ["a fraction of a second", { exp: NOW + 60.5 }],
  ])("with %s is refused", async (_name, claims) => {
    expect(await verdictOf({ claims })).toBe("client_assertion_claims");
  });

  it("signed by another key under the same kid is refused", async () => {
    expect(await verdictOf({ signer: stranger })).toBe("client_assertion_signature");
  });

  it.each<[string, Members, Members]>([
    ["names a key that the client does not have", { kid: "another" }, {}],
    ["states an algorithm that its record does not allow", {}, { algorithms: ["RS256"] }],
    ["states no signature at all", { alg: "none" }, {}],
    ["states an HMAC", { alg: "HS256" }, {}],
  ])("that %s is refused", async (_name, header, client) => {
    expect(await verdictOf({ header, client })).toBe("client_assertion_signature");
  });

  it.each<[string, Members]>([
    ["brings its own key", { jwk: { kty: "EC" } }],
    ["says where its key is", { jku: "https://evil.example/jwks" }],
    ["demands an extension", { crit: ["exp"] }],
  ])("that %s is malformed", async (_name, header) => {
    expect(await verdictOf({ header })).toBe("client_assertion_malformed");
  });

  it.each(["", "x", "a.b", "a.b.c.d", "..", "e30.e30.", "{}"])("is not %j", async (text) => {
    expect(await reasonOf(() => parseClientAssertion(text, null))).toBe("client_assertion_malformed");
  });
});

import { calculateJwkThumbprint } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { parseStrictObject } from "../../../src/jwt/strict-json.ts";
import { LIMITS } from "../../../src/limits.ts";
import { claimsWellFormed } from "../../../src/redemption/checks/claims-well-formed.ts";
import { trustedIdpSchema } from "../../../src/trust/trusted-idp.ts";
import { CLIENT, CROSSGATE, IDP, idpDocument, type Members, RESOURCE } from "../../support/documents.ts";
import { NOW, reasonOf } from "../../support/redemption.ts";
import { makeTestKey, type TestKey, validClaims } from "../../support/test-idp.ts";

const THUMBPRINT = "a".repeat(43);

let key: TestKey;

beforeAll(async () => {
  key = await makeTestKey("ES256");
});

/** The claims as they are after parsing, so that a member that is undefined here is absent there. */
function check(overrides: Members, idp: Members = {}) {
  return claimsWellFormed({
    claims: parseStrictObject(JSON.stringify(validClaims({ jti: "jti-1", ...overrides }, NOW))),
    idp: trustedIdpSchema.parse(idpDocument(idp)),
  });
}

function nestedActor(depth: number): Members {
  return depth === 1 ? { sub: "actor" } : { sub: "actor", act: nestedActor(depth - 1) };
}

describe("claims_well_formed [A7523-01]", () => {
  it("gives every claim in its own type [JAG-R-05]", async () => {
    const { idJag } = await check({
      nbf: NOW - 1,
      auth_time: NOW - 60,
      acr: "mfa",
      amr: ["pwd", "otp"],
      cnf: { jkt: THUMBPRINT },
    });
    expect(idJag).toEqual({
      issuer: IDP,
      sub: "user-ada",
      assertionAudience: [CROSSGATE],
      clientId: CLIENT,
      jti: "jti-1",
      hash: expect.stringMatching(/^[\w-]{43}$/),
      issuedAtSeconds: NOW,
      expiresAtSeconds: NOW + 300,
      notBeforeSeconds: NOW - 1,
      assertedScope: new Set(["files:read", "files:write"]),
      assertedResources: [RESOURCE],
      assertedDetails: undefined,
      actor: null,
      authentication: { authTimeSeconds: NOW - 60, acr: "mfa", amr: ["pwd", "otp"] },
      groups: new Set(),
      emailDomain: null,
      confirmedKey: THUMBPRINT,
    });
  });

  it("reads groups from the claim that the issuer's record names, and from no other", async () => {
    const claims = { groups: ["engineers", "on-call"], roles: ["admin"] };
    expect((await check(claims, { groups_claim: "groups" })).idJag.groups).toEqual(new Set(["engineers", "on-call"]));
    expect((await check(claims)).idJag.groups).toEqual(new Set());
    expect((await check({}, { groups_claim: "groups" })).idJag.groups).toEqual(new Set());
    expect((await check({ groups: [] }, { groups_claim: "groups" })).idJag.groups).toEqual(new Set());
    expect(await reasonOf(() => check({ groups: [1] }, { groups_claim: "groups" }))).toBe("claims_malformed");
  });

  it.each([
    ["of a domain it speaks for", { email: "ada@acme.example" }, "acme.example"],
    ["in capitals", { email: "ada@ACME.example" }, "acme.example"],
    ["that it says is verified", { email: "ada@acme.example", email_verified: true }, "acme.example"],
    ["that it says is not verified", { email: "ada@acme.example", email_verified: false }, null],
    ["whose verification is no boolean", { email: "ada@acme.example", email_verified: "true" }, null],
    ["of somebody else's domain", { email: "ada@other.example" }, null],
    ["of a domain that only ends alike", { email: "ada@evil-acme.example" }, null],
    ["with its domain as the local part", { email: "acme.example@other.example" }, null],
  ])("takes the domain of an address %s (MCP: email fallback)", async (_what, claims, domain) => {
    expect((await check(claims, { email_domains: ["acme.example"] })).idJag.emailDomain).toBe(domain);
    expect((await check(claims)).idJag.emailDomain).toBeNull();
  });

  it("tells what is absent from what is empty", async () => {
    const { idJag } = await check({ scope: undefined, resource: undefined });
    expect(idJag).toMatchObject({ assertedScope: null, assertedResources: null, actor: null, confirmedKey: null });
    expect(idJag.authentication).toEqual({ authTimeSeconds: null, acr: null, amr: null });
  });

  it("names the assertion by (issuer, jti) and by nothing else", async () => {
    const [one, same, other] = await Promise.all([
      check({ jti: "1" }),
      check({ jti: "1", sub: "user-bob", exp: NOW + 5 }),
      check({ jti: "2" }),
    ]);
    expect(same.idJag.hash).toBe(one.idJag.hash);
    expect(other.idJag.hash).not.toBe(one.idJag.hash);
  });

  it.each<[string, Members]>([
    ["an aud that is a list", { aud: [CROSSGATE] }],
    ["several audiences, which `audience` judges", { aud: [CROSSGATE, IDP] }],
    ["several resources", { resource: [RESOURCE, `${RESOURCE}/2`] }],
    ["a jti as long as it may be", { jti: "j".repeat(LIMITS.jtiBytes) }],
    ["an actor chain as deep as it may be", { act: nestedActor(LIMITS.actorDepth) }],
    ["an actor with claims of its own, as Okta's has", { act: { sub: "0oa1", sub_profile: "ai_agent" } }],
    ["claims that nobody here uses", { email: "ada@example.com", nonce: ["x"], groups: { a: 1 } }],
    ["one scope token twice", { scope: "files:read files:read" }],
  ])("accepts %s", async (_what, overrides) => {
    expect(await reasonOf(() => check(overrides))).toBe("accepted");
  });

  const anyText: readonly [string, unknown][] = [
    ["null", null],
    ["a number", 1],
    ["true", true],
    ["a list", ["a"]],
    ["an object", { a: 1 }],
    ["empty", ""],
    ["a lone surrogate", "\ud800"],
    ["longer than it may be", "x".repeat(10_000)],
    ["longer in bytes than in characters", "é".repeat(LIMITS.identifierBytes - 1)],
  ];
  const requiredText = ["sub", "jti", "client_id"].flatMap((claim) =>
    [["absent", undefined] as const, ...anyText].map(([what, value]): [string, string, unknown] => [
      claim,
      what,
      value,
    ]),
  );
  const optionalText = ["acr"].flatMap((claim) =>
    anyText.map(([what, value]): [string, string, unknown] => [claim, what, value]),
  );
  const notADate: readonly [string, unknown][] = [
    ["a string", "1795000000"],
    ["a fraction", 1_795_000_060.5],
    ["zero", 0],
    ["negative", -1],
    ["milliseconds", 1_795_000_000_000],
    ["null", null],
    ["a list", [1]],
    ["true", true],
  ];
  const dates = ["exp", "iat", "nbf", "auth_time"].flatMap((claim) =>
    notADate.map(([what, value]): [string, string, unknown] => [claim, what, value]),
  );
  const structured: [string, string, unknown][] = [
    ["exp", "absent", undefined],
    ["iat", "absent", undefined],
    ["iss", "absent", undefined],
    ["iss", "a list", [IDP]],
    ["aud", "absent", undefined],
    ["aud", "null", null],
    ["aud", "a number", 1],
    ["aud", "an object", { "0": CROSSGATE }],
    ["aud", "a nested list", [[CROSSGATE]]],
    ["aud", "a list with a number in it", [CROSSGATE, 1]],
    ["scope", "a list", ["files:read"]],
    ["scope", "empty", ""],
    ["scope", "led by a space", " files:read"],
    ["scope", "spaced twice", "files:read  files:write"],
    ["scope", "tabbed", "files:read\tfiles:write"],
    ["scope", "quoted", 'files:"read"'],
    ["scope", "not ASCII", "files:réad"],
    ["scope", "too many tokens", Array.from({ length: LIMITS.scopeTokens + 1 }, (_, index) => `s${index}`).join(" ")],
    ["scope", "one token too long", "s".repeat(LIMITS.scopeTokenBytes + 1)],
    ["resource", "empty", ""],
    ["resource", "an empty list", []],
    ["resource", "a number", 1],
    ["resource", "an object", { url: RESOURCE }],
    ["resource", "null", null],
    ["resource", "a list with null in it", [RESOURCE, null]],
    [
      "resource",
      "too many",
      Array.from({ length: LIMITS.resourcesPerAssertion + 1 }, (_, index) => `${RESOURCE}/${index}`),
    ],
    ["amr", "a string", "pwd"],
    ["amr", "an object", {}],
    ["amr", "a list with a number in it", ["pwd", 1]],
    ["act", "a string", "actor"],
    ["act", "null", null],
    ["act", "a list", [{ sub: "actor" }]],
    ["act", "without sub", {}],
    ["act", "with a sub that is a list", { sub: ["actor"] }],
    ["act", "with an iss that is a number", { sub: "actor", iss: 1 }],
    ["act", "deeper than it may be", nestedActor(LIMITS.actorDepth + 1)],
    ["cnf", "a string", THUMBPRINT],
    ["cnf", "null", null],
    ["cnf", "with a jkt that is a number", { jkt: 1 }],
    ["cnf", "with an empty jkt", { jkt: "" }],
    ["cnf", "with a jkt that is no thumbprint", { jkt: "a".repeat(42) }],
  ];

  it.each([...requiredText, ...optionalText, ...dates, ...structured])(
    "refuses %s: %s",
    async (claim, _what, value) => {
      expect(await reasonOf(() => check({ [claim]: value }))).toBe("claims_malformed");
    },
  );

  describe("cnf", () => {
    it("names by its thumbprint a key that is given whole (RFC 7800 §3.2) [JAG-P-15]", async () => {
      const { idJag } = await check({ cnf: { jwk: key.publicJwk } });
      expect(idJag.confirmedKey).toBe(await calculateJwkThumbprint(key.material));
    });

    it.each<[string, () => unknown]>([
      ["none that we know", () => ({})],
      ["a certificate", () => ({ "x5t#S256": THUMBPRINT })],
      ["a key id", () => ({ kid: "1" })],
      ["an encrypted key", () => ({ jwe: "a.b.c.d.e" })],
      ["a key set URL", () => ({ jku: "https://keys.evil.example/" })],
      ["a thumbprint and a key", () => ({ jkt: THUMBPRINT, jwk: key.material })],
      ["a thumbprint and a certificate", () => ({ jkt: THUMBPRINT, "x5t#S256": THUMBPRINT })],
      ["a symmetric key", () => ({ jwk: { kty: "oct", k: "AAAA" } })],
      ["a private key", () => ({ jwk: { ...key.material, d: "AAAA" } })],
      ["a key that is text", () => ({ jwk: "key" })],
    ])("refuses a binding by %s, and never ignores it", async (_what, cnf) => {
      expect(await reasonOf(() => check({ cnf: cnf() }))).toBe("confirmation_unsupported");
    });
  });

  it.each([[[]], [null], [""], [[{ type: "payment" }]]])(
    "leaves authorization_details to the check that knows their types: %o",
    async (details) => {
      const { idJag } = await check({ authorization_details: details });
      expect(idJag.assertedDetails).toEqual(details);
    },
  );
});

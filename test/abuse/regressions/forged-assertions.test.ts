import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { signJwt } from "../../../src/jwt/sign.ts";
import { CROSSGATE, IDP, type Members } from "../../support/documents.ts";
import { NOW, redeem, type Scenario, testIdp, verdictOf } from "../../support/redemption.ts";
import { makeTestKey, validClaims } from "../../support/test-idp.ts";

/** Mistakes that other software made with assertions, made here again: each is refused, and spends nothing. */
const encoder = new TextEncoder();

function encode(value: unknown): string {
  return base64url.encode(JSON.stringify(value));
}

/** HS256 under these bytes. An HMAC pads its key with noughts, so that one nought is the empty key. */
async function hmac(secret: Uint8Array, members: Members = {}): Promise<string> {
  const text = `${encode({ typ: "oauth-id-jag+jwt", alg: "HS256", ...members })}.${encode(validClaims({}, NOW))}`;
  const key = await crypto.subtle.importKey("raw", Uint8Array.from(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return `${text}.${base64url.encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))))}`;
}

/** A JWE in compact form: five parts, whatever is in them. */
function encrypted(members: Members, inner: string): string {
  return [encode({ typ: "oauth-id-jag+jwt", ...members }), "AAAA", "AAAA", base64url.encode(inner), "AAAA"].join(".");
}

const UNSIGNED = `${encode({ alg: "none" })}.${encode(validClaims({}, NOW))}.`;

const FORGED: [title: string, assertion: () => Promise<string>, verdict: string][] = [
  [
    "an HMAC under the issuer's public key [CVE-2026-11800]",
    async () => hmac(encoder.encode(JSON.stringify((await testIdp()).key.publicJwk))),
    "algorithm_not_allowed",
  ],
  [
    "an HMAC under the x of the issuer's public key [CVE-2026-0265]",
    async () => hmac(Uint8Array.from(base64url.decode((await testIdp()).key.material.x ?? ""))),
    "algorithm_not_allowed",
  ],
  ["an HMAC under the empty key [CVE-2026-45363]", () => hmac(Uint8Array.of(0)), "algorithm_not_allowed"],
  [
    "an HMAC under what the token says of itself [CVE-2025-65945]",
    () => hmac(encoder.encode(IDP), { kid: IDP }),
    "algorithm_not_allowed",
  ],
  [
    "an HMAC that nobody can verify [CVE-2026-42280]",
    () => hmac(crypto.getRandomValues(new Uint8Array(32))),
    "algorithm_not_allowed",
  ],
  [
    "an unsigned token within an encrypted one [CVE-2026-29000]",
    async () => encrypted({ alg: "RSA-OAEP", enc: "A256GCM", cty: "JWT" }, UNSIGNED),
    "assertion_malformed",
  ],
  [
    "an encrypted token that unfolds [CVE-2024-28176]",
    async () => encrypted({ alg: "dir", enc: "A256GCM", zip: "DEF" }, "x".repeat(4000)),
    "assertion_malformed",
  ],
  [
    "an encrypted token with empty parts [CVE-2026-34986]",
    async () => `${encode({ alg: "ECDH-ES", enc: "A256GCM", epk: null })}....`,
    "assertion_malformed",
  ],
];

describe("in place of an assertion", () => {
  it.each(FORGED)("%s", async (_title, assertion, verdict) => {
    expect(await verdictOf({ assertion: await assertion() })).toEqual({ verdict, consumed: 0 });
  });
});

const withKeyInHeader: Scenario = { header: { jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } } };
const spoiled: [title: string, scenario: Scenario, verdict: string][] = [
  ["that brings its key along [CVE-2026-27962]", withKeyInHeader, "assertion_malformed"],
  [
    "that brings its key along under another type [CVE-2026-34240]",
    { header: { jwk: { kty: "oct", k: "AA" }, typ: "JWT" } },
    "assertion_malformed",
  ],
  [
    "with a critical member that nobody knows [CVE-2025-59420]",
    { header: { crit: ["x-policy"], "x-policy": "strict" } },
    "assertion_malformed",
  ],
  ["with an empty list of critical members [GHSA-752w-5fwx-jx9f]", { header: { crit: [] } }, "assertion_malformed"],
  ["without an audience [CVE-2025-62610]", { claims: { aud: undefined } }, "claims_malformed"],
  [
    "with another audience beside ours [workers-oauth-provider@0.10]",
    { claims: { aud: [CROSSGATE, "https://other.example"] } },
    "assertion_audience",
  ],
  [
    "that is bound to a key, without a proof [workers-oauth-provider@0.10]",
    { claims: { cnf: { jkt: "A".repeat(43) } } },
    "proof_missing",
  ],
  [
    "with authorization details of no type that we know [workers-oauth-provider@0.10]",
    { claims: { authorization_details: [{ type: "payment" }] } },
    "authorization_details_type_unknown",
  ],
  ["that never expires [authplane@0.1.2]", { claims: { exp: undefined } }, "claims_malformed"],
  ["that says not when it was issued [authplane@0.1.2]", { claims: { iat: undefined } }, "claims_malformed"],
  ["with a list for a jti [fastmcp#4483]", { claims: { jti: ["1"] } }, "claims_malformed"],
  ["of a disabled identity provider [CVE-2026-1486]", { documents: { idp: { enabled: false } } }, "issuer_disabled"],
  [
    "where no administrator's policy permits anything [CVE-2026-79652]",
    { documents: { policy: { rules: [] } } },
    "policy_no_rule",
  ],
  ["where the organization has no policy at all [CVE-2026-79652]", { documents: { policy: null } }, "policy_absent"],
];

describe("an assertion", () => {
  it.each(spoiled)("%s", async (_title, scenario, verdict) => {
    expect(await verdictOf(scenario)).toEqual({ verdict, consumed: 0 });
  });

  it("chooses no algorithm, though the key states none [CVE-2026-22817]", async () => {
    const key = await makeTestKey("RS256");
    const { alg: _alg, ...stateless } = key.publicJwk;
    const documents = { idp: { key_set: { keys: [stateless] }, algorithms: ["RS256"] } };
    const asked = (alg: string) => verdictOf({ signer: key, header: { alg }, documents });
    expect(await asked("RS256")).toEqual({ verdict: "granted", consumed: 1 });
    expect(await asked("PS256")).toEqual({ verdict: "algorithm_not_allowed", consumed: 0 });
    expect(await asked("HS256")).toEqual({ verdict: "algorithm_not_allowed", consumed: 0 });
  });

  it("chooses no algorithm among those allowed that its key does not state [CVE-2026-22818]", async () => {
    const key = await makeTestKey("RS256");
    const documents = {
      idp: { key_set: { keys: [{ ...key.publicJwk, alg: "PS256" }] }, algorithms: ["RS256", "PS256"] },
    };
    expect(await verdictOf({ signer: key, documents })).toEqual({ verdict: "key_unknown", consumed: 0 });
  });

  it.each([
    ["noughts", new Uint8Array(64)],
    [
      "the order of the curve",
      Uint8Array.fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".repeat(2)),
    ],
  ])("is signed by no %s [CVE-2022-21449]", async (_what, signature) => {
    const idp = await testIdp();
    const [header, payload] = (await idp.sign(validClaims({}, NOW))).split(".");
    const assertion = [header, payload, base64url.encode(signature)].join(".");
    expect(await verdictOf({ assertion })).toEqual({ verdict: "signature_invalid", consumed: 0 });
  });

  it("is never taken for another one that was read before it [GHSA-rp9m-7r4c-75qg]", async () => {
    const users = Array.from({ length: 60 }, (_, at) => `user-${at % 20}`);
    const outcomes = await Promise.all(users.map((sub) => redeem({ claims: { sub, jti: `jti-of-${sub}` } })));
    const seen = outcomes.map(({ outcome }) => (outcome.completed ? outcome.known.subject.sub : outcome.reason));
    expect(seen).toEqual(users);
    const idp = await testIdp();
    const [mine = "", theirs = ""] = await Promise.all(
      ["mine", "theirs"].map((sub) => idp.sign(validClaims({ sub }, NOW))),
    );
    const mixed = [mine.split(".")[0], theirs.split(".")[1], mine.split(".")[2]].join(".");
    expect(await verdictOf({ assertion: mixed })).toEqual({ verdict: "signature_invalid", consumed: 0 });
  });
});

it("no two signatures of ours share their nonce, and with it the key [CVE-2026-4599]", async () => {
  const { kid, privateKey } = await makeTestKey("ES256");
  const tokens = await Promise.all(Array.from({ length: 64 }, () => signJwt("at+jwt", {}, { kid, key: privateKey })));
  const halves = tokens.map((token) =>
    base64url
      .decode(token.split(".")[2] ?? "")
      .slice(0, 32)
      .toHex(),
  );
  expect(new Set(halves).size).toBe(64);
});

import { base64url, exportSPKI, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { ALGORITHMS } from "../../src/jwt/json-web-key.ts";
import { NOW, verdictOf } from "../support/redemption.ts";
import { makeTestKey, type SigningAlgorithm, type TestKey, validClaims } from "../support/test-idp.ts";

/**
 * A02: the issuer's public key, which everybody has, used as the secret of an HMAC. CVE-2026-11800, CVE-2026-22817,
 * CVE-2026-34950.
 */
const HASHES = { HS256: "SHA-256", HS384: "SHA-384", HS512: "SHA-512" } as const;
const encoder = new TextEncoder();

async function pem(key: TestKey): Promise<string> {
  const imported = await importJWK(key.material, key.alg, { extractable: true });
  if (imported instanceof Uint8Array) throw new TypeError("symmetric");
  return exportSPKI(imported);
}

const SECRETS: [string, (key: TestKey) => Promise<Uint8Array>][] = [
  ["PEM", async (key) => encoder.encode(await pem(key))],
  ["PEM without its last line break", async (key) => encoder.encode((await pem(key)).trimEnd())],
  ["PEM with white space before it", async (key) => encoder.encode(` \n${await pem(key)}`)],
  [
    "DER",
    async (key) =>
      Uint8Array.from(atob((await pem(key)).replaceAll(/-----.*-----|\s/g, "")), (char) => char.charCodeAt(0)),
  ],
  ["JWK", async (key) => encoder.encode(JSON.stringify(key.publicJwk))],
  ["key set", async (key) => encoder.encode(JSON.stringify({ keys: [key.publicJwk] }))],
  ["modulus or coordinate", async (key) => base64url.decode(key.material.n ?? key.material.x ?? "")],
  ["kid", async (key) => encoder.encode(key.kid)],
];

const FORGERIES = (["ES256", "RS256"] as const).flatMap((kind) =>
  Object.entries(HASHES).flatMap(([alg, hash]) => SECRETS.map(([what, secret]) => ({ kind, alg, hash, what, secret }))),
);

async function forge(key: TestKey, statedAlg: string, hash: string, secret: Uint8Array): Promise<string> {
  const members = { typ: "oauth-id-jag+jwt", alg: statedAlg, kid: key.kid };
  const input = `${base64url.encode(JSON.stringify(members))}.${base64url.encode(JSON.stringify(validClaims({}, NOW)))}`;
  const mac = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, false, ["sign"]);
  return `${input}.${base64url.encode(new Uint8Array(await crypto.subtle.sign("HMAC", mac, encoder.encode(input))))}`;
}

function documentsOf(key: TestKey) {
  return { idp: { key_set: { keys: [key.material] }, algorithms: [...ALGORITHMS] } };
}

describe("an HMAC keyed with a public key", () => {
  it.each(FORGERIES)(
    "is refused: $alg with the $what of an $kind key [JAG-C-04, JAG-R-03]",
    async ({ kind, alg, hash, secret }) => {
      const key = await makeTestKey(kind);
      const assertion = await forge(key, alg, hash, await secret(key));
      expect(await verdictOf({ assertion, documents: documentsOf(key) })).toEqual({
        verdict: "algorithm_not_allowed",
        consumed: 0,
      });
    },
  );

  it.each<SigningAlgorithm>(["ES256", "RS256", "PS256", "EdDSA"])(
    "is refused as a signature under %s [CVE-2026-34950, CVE-2026-44351]",
    async (alg) => {
      const key = await makeTestKey(alg);
      const documents = { idp: { key_set: { keys: [key.publicJwk] }, algorithms: [...ALGORITHMS] } };
      for (const [, secret] of SECRETS) {
        const assertion = await forge(key, alg, "SHA-256", await secret(key));
        expect(await verdictOf({ assertion, documents })).toEqual({ verdict: "signature_invalid", consumed: 0 });
      }
    },
  );
});

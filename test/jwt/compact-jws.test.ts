import * as fc from "fast-check";
import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { type JwsFlaw, MalformedJws, parseCompactJws } from "../../src/jwt/compact-jws.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Members } from "../support/documents.ts";

function token(header: unknown, payload: unknown = {}, signature = "AAAA"): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.${signature}`;
}

function flawOf(text: string, embeddedKey: "forbidden" | "required" = "forbidden"): JwsFlaw | null {
  try {
    parseCompactJws(text, embeddedKey);
    return null;
  } catch (error) {
    if (error instanceof MalformedJws) return error.flaw;
    throw error;
  }
}

const HEADER = { alg: "ES256" };

describe("parseCompactJws", () => {
  it("gives the token as it came, its header and its payload", () => {
    const text = token({ ...HEADER, typ: "at+jwt", kid: "k1" }, { iss: "a" });
    expect(parseCompactJws(text, "forbidden")).toEqual({
      token: text,
      header: { typ: "at+jwt", alg: "ES256", kid: "k1", jwk: null },
      signature: new Uint8Array(3),
      unverified: { iss: "a" },
    });
  });

  it.each([
    [undefined, null],
    ["JWT", "jwt"],
    ["application/at+jwt", "at+jwt"],
    ["APPLICATION/AT+JWT", "at+jwt"],
    ["application/a/b", "application/a/b"],
    ["text/at+jwt", "text/at+jwt"],
    ["oauth-ıd-jag+jwt", ""],
    ["at+jwt\u212a", ""],
    ["at jwt", ""],
  ])("reads typ %o as %o", (typ, expected) => {
    expect(parseCompactJws(token({ ...HEADER, typ }), "forbidden").header.typ).toBe(expected);
  });

  it("reads a DPoP proof's key, raw, where one is required", () => {
    const jwk = { kty: "EC", anything: [1] };
    expect(parseCompactJws(token({ ...HEADER, jwk }), "required").header.jwk).toEqual(jwk);
  });

  it.each<[string, Members]>([
    ["jku", { jku: "https://a.example" }],
    ["x5u", { x5u: "https://a.example" }],
    ["x5c", { x5c: ["AAAA"] }],
    ["crit", { crit: ["exp"] }],
    ["an empty crit", { crit: [] }],
    ["b64", { b64: false }],
    ["b64 as it is by default", { b64: true }],
    ["zip", { zip: "DEF" }],
    ["enc", { enc: "A256GCM" }],
    ["cty", { cty: "JWT" }],
    ["a forbidden member that is null", { crit: null }],
    ["jwk", { jwk: { kty: "EC" } }],
    ["jwk that is null", { jwk: null }],
  ])("forbids %s in a header", (_what, members) => {
    expect(flawOf(token({ ...HEADER, ...members }))).toBe("header_forbidden");
  });

  it("demands the embedded key where one is required", () => {
    expect(flawOf(token(HEADER), "required")).toBe("header_forbidden");
  });

  it.each<[string, Members]>([
    ["no alg", { alg: undefined }],
    ["an empty alg", { alg: "" }],
    ["an alg that is a list", { alg: ["ES256"] }],
    ["an alg that is null", { alg: null }],
    ["an empty kid", { kid: "" }],
    ["a kid that is a number", { kid: 1 }],
    ["a kid that is null", { kid: null }],
    ["a kid longer than it may be", { kid: "k".repeat(LIMITS.keyIdBytes + 1) }],
    ["a typ that is a list", { typ: ["at+jwt"] }],
    ["an empty typ", { typ: "" }],
  ])("calls a header with %s malformed", (_what, members) => {
    expect(flawOf(token({ ...HEADER, ...members }))).toBe("header_malformed");
  });

  it.each([[null], ["key"], [[{ kty: "EC" }]], [1]])("calls an embedded key that is %o malformed", (jwk) => {
    expect(flawOf(token({ ...HEADER, jwk }), "required")).toBe("header_malformed");
  });

  it.each<[string, string, JwsFlaw]>([
    ["a byte too long", `${token(HEADER)}${"A".repeat(LIMITS.jwtBytes)}`, "too_large"],
    ["too large and not even compact", "A".repeat(LIMITS.jwtBytes + 1), "too_large"],
    ["two parts", "AAAA.AAAA", "not_compact"],
    ["four parts", `${token(HEADER)}.AAAA`, "not_compact"],
    ["a padded payload", `${base64url.encode('{"alg":"ES256"}')}.e30=.AAAA`, "not_compact"],
    ["a signature in another spelling", token(HEADER, {}, "AAB"), "not_compact"],
    ["a header that is no JSON", "e30x.e30.AAAA", "not_json"],
    ["a header that is a list", token([]), "not_json"],
    ["a payload that is a list", token(HEADER, []), "not_json"],
    ["a payload that is a number", token(HEADER, 1), "not_json"],
  ])("refuses %s", (_what, text, flaw) => {
    expect(flawOf(text)).toBe(flaw);
  });

  it("reads a token of exactly the size that is allowed", () => {
    const head = token(HEADER, {}, "");
    const room = LIMITS.jwtBytes - head.length;
    const signature = "A".repeat(room - (room % 4));
    expect(flawOf(`${head}${signature}`)).toBeNull();
  });

  it("throws nothing but MalformedJws, whatever it is given", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.json().map((text) => base64url.encode(text)),
      fc.uint8Array().map((bytes) => base64url.encode(bytes)),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        expect(() => flawOf(pieces.join("."))).not.toThrow();
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  it("says nothing of the token in what it throws", () => {
    expect(() => parseCompactJws("secret.token.value", "forbidden")).toThrow(/^(not_compact|not_json)$/);
  });
});

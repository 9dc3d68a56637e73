import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import { assertionWellFormed } from "../../../src/redemption/checks/assertion-well-formed.ts";
import { reasonOf } from "../../support/redemption.ts";

const HEADER = base64url.encode(JSON.stringify({ typ: "oauth-id-jag+jwt", alg: "ES256", kid: "k" }));
const PAYLOAD = base64url.encode(JSON.stringify({ iss: "https://idp.example.com" }));

function jws(header: unknown, payload: unknown = {}): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.AAAA`;
}

describe("assertion_well_formed", () => {
  it("reads the header and the claims, and believes neither", () => {
    const { jws: read } = assertionWellFormed({ assertion: `${HEADER}.${PAYLOAD}.AAAA` });
    expect(read.header).toEqual({ typ: "oauth-id-jag+jwt", alg: "ES256", kid: "k", jwk: null });
    expect(read.unverified).toEqual({ iss: "https://idp.example.com" });
  });

  it.each([
    ["a missing typ and kid, which later checks judge", { alg: "ES256" }],
    ["x5t and x5t#S256, which choose no key", { alg: "ES256", x5t: "abc", "x5t#S256": "def" }],
    ["a member that nobody knows", { alg: "ES256", "vendor.hint": { a: 1 } }],
  ])("accepts %s", async (_what, header) => {
    expect(await reasonOf(() => assertionWellFormed({ assertion: jws(header) }))).toBe("accepted");
  });

  it.each([
    ["nothing", ""],
    ["one part", "abc"],
    ["two parts", `${HEADER}.${PAYLOAD}`],
    ["four parts", `${HEADER}.${PAYLOAD}.AAAA.AAAA`],
    ["five parts, a JWE", `${HEADER}.AAAA.AAAA.AAAA.AAAA`],
    ["an empty header", `.${PAYLOAD}.AAAA`],
    ["an empty payload", `${HEADER}..AAAA`],
    ["an empty signature", `${HEADER}.${PAYLOAD}.`],
    ["padding", `${HEADER}.${PAYLOAD}.AA==`],
    ["a signature in another alphabet", `${HEADER}.${PAYLOAD}.AA+/`],
    ["a signature with stray last bits", `${HEADER}.${PAYLOAD}.AB`],
    ["white space before it", ` ${HEADER}.${PAYLOAD}.AAAA`],
    ["a line break after it", `${HEADER}.${PAYLOAD}.AAAA\n`],
    ["JSON serialization", JSON.stringify({ payload: PAYLOAD, protected: HEADER, signature: "AAAA" })],
    ["a header that is a list", jws([])],
    ["a header that is a string", jws("ES256")],
    ["a payload that is null", jws({ alg: "ES256" }, null)],
    ["a payload that is a JWT", jws({ alg: "ES256" }, `${HEADER}.${PAYLOAD}.AAAA`)],
    ["a header without alg", jws({ typ: "oauth-id-jag+jwt" })],
    ["an alg that is a list", jws({ alg: ["ES256"] })],
    ["a kid that is a number", jws({ alg: "ES256", kid: 1 })],
    ["more bytes than we read", `${HEADER}.${PAYLOAD}.${"A".repeat(LIMITS.jwtBytes)}`],
  ])("refuses %s", async (_what, assertion) => {
    expect(await reasonOf(() => assertionWellFormed({ assertion }))).toBe("assertion_malformed");
  });
});

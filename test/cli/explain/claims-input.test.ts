import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseClaims, readClaims } from "../../../cli/explain/claims-input.ts";
import { TestIdp, validClaims } from "../../support/test-idp.ts";
import { writeDocument } from "../trust-fixture.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

describe("parseClaims", () => {
  it("takes a JSON object for claims without a header", () => {
    expect(parseClaims('{"sub": "ada"}')).toEqual({ header: null, claims: { sub: "ada" } });
  });

  it("reads a JWT and believes nothing in it, its signature least", async () => {
    const claims = validClaims();
    const jwt = await (await TestIdp.start()).sign(claims);
    const { header, claims: read } = parseClaims(`${jwt.slice(0, jwt.lastIndexOf("."))}.not-the-signature`);
    expect(read).toEqual(claims);
    expect(header).toMatchObject({ typ: "oauth-id-jag+jwt", alg: "ES256" });
  });

  it.each([
    ["", "neither a JSON object nor a JWT"],
    ["[1]", "neither a JSON object nor a JWT"],
    ["a.b", "neither a JSON object nor a JWT"],
    ['{"sub":"a","sub":"b"}', "duplicate member"],
    ["e30.!.x", "not base64url"],
    ["e30.W10.x", "not an object"],
  ])("refuses %j", (text, complaint) => {
    expect(() => parseClaims(text)).toThrow(complaint);
  });
});

describe("readClaims", () => {
  it("names the file and what to give instead", async () => {
    const path = await writeDocument(await temporaryDirectory(), "claims.json", "ada");
    await expect(readClaims(path)).rejects.toThrow(`${path}: neither a JSON object nor a JWT. Give the claims`);
    await expect(readClaims(join(path, "none"))).rejects.toThrow("Cannot read");
  });
});

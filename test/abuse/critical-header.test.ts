import { describe, expect, it } from "vitest";
import type { Members } from "../support/documents.ts";
import { verdictOf } from "../support/redemption.ts";

/**
 * A07, A08, A09: a header that changes how the rest is to be read. Nothing here understands an extension, so all are
 * refused. CVE-2025-59420, GHSA-752w-5fwx-jx9f; jose accepts b64: false as long as crit does not name it.
 */
describe("a header that changes how the assertion is read", () => {
  it.each<[string, Members]>([
    ["an unknown extension", { crit: ["unknown"], unknown: true }],
    ["a known claim", { crit: ["exp"], exp: 1 }],
    ["an extension that is not there", { crit: ["unknown"] }],
    ["nothing", { crit: [] }],
    ["the same twice", { crit: ["exp", "exp"], exp: 1 }],
    ["a member that every header has", { crit: ["alg"] }],
    ["text in place of a list", { crit: "exp" }],
    ["null", { crit: null }],
    ["a number", { crit: [1] }],
    ["b64", { crit: ["b64"], b64: true }],
  ])("is refused when its crit names %s", async (_what, header) => {
    expect(await verdictOf({ header })).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });

  it.each<[string, Members]>([
    ["b64: false, named in crit", { b64: false, crit: ["b64"] }],
    ["b64: false, not named", { b64: false }],
    ["b64: true", { b64: true }],
    ["zip", { zip: "DEF" }],
    ["enc, as a JWE has it", { enc: "A256GCM" }],
    ["cty: JWT, a nested token (A10)", { cty: "JWT" }],
  ])("is refused with %s", async (_what, header) => {
    expect(await verdictOf({ header })).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });
});

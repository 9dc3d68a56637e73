import { describe, expect, it } from "vitest";
import { CROSSGATE } from "../support/documents.ts";
import { verdictOf } from "../support/redemption.ts";

/** B01, B02: audiences that are nearly ours. Compared byte for byte, after no normalization at all. */
const SPELLINGS = [
  "https://crossgate.example/",
  "https://crossgate.example//",
  "https://Crossgate.example",
  "HTTPS://crossgate.example",
  "https://crossgate.example:443",
  "http://crossgate.example",
  "crossgate.example",
  "//crossgate.example",
  "https://crossgate.example.",
  "https://crossgate%2eexample",
  "https://crossgate.example?",
  "https://crossgate.example#",
  "https://crossgate.example/token",
  "https://crossgate.example/oauth2/token",
  "https://crossgate.example/mcp/files",
  "https://crossgate.example/tenant-a",
  "https://user@crossgate.example",
  "https://crossgate.example@evil.example",
  "https://crossgate.example.evil.example",
  "https://evil.example/https://crossgate.example",
  "https://сrossgate.example",
  "https://crossgate.example\u0000",
  "https://crossgate.example ",
  " https://crossgate.example",
  "https://crossgate.example\u200b",
  "https://crossgate.exampl",
  "*",
  "",
];

const SHAPES: [string, unknown, string][] = [
  ["us and another", [CROSSGATE, "https://evil.example"], "assertion_audience"],
  ["another and us", ["https://evil.example", CROSSGATE], "assertion_audience"],
  ["us twice", [CROSSGATE, CROSSGATE], "assertion_audience"],
  ["nobody, in a list", [], "assertion_audience"],
  ["us, joined with another", `${CROSSGATE} https://evil.example`, "assertion_audience"],
  ["us, in a list in a list", [[CROSSGATE]], "claims_malformed"],
  ["us, as a member", { aud: CROSSGATE }, "claims_malformed"],
  ["null", null, "claims_malformed"],
  ["true", true, "claims_malformed"],
  ["nobody at all", undefined, "claims_malformed"],
];

describe("an audience that is nearly ours", () => {
  it.each(SPELLINGS)("is refused: %o", async (aud) => {
    expect(await verdictOf({ claims: { aud } })).toEqual({ verdict: "assertion_audience", consumed: 0 });
    expect(await verdictOf({ claims: { aud: [aud] } })).toEqual({ verdict: "assertion_audience", consumed: 0 });
  });

  it.each(SHAPES)("is refused: %s", async (_what, aud, reason) => {
    expect(await verdictOf({ claims: { aud } })).toEqual({ verdict: reason, consumed: 0 });
  });

  it.each([[CROSSGATE], [[CROSSGATE]]])("is granted where it is ours: %o", async (aud) => {
    expect(await verdictOf({ claims: { aud } })).toEqual({ verdict: "granted", consumed: 1 });
  });
});

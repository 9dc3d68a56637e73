import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/jwt/strict-json.ts";
import { LIMITS } from "../../../src/limits.ts";
import { authorizationDetails } from "../../../src/redemption/checks/authorization-details.ts";
import { DETAILS_TYPES, FOLDER, PAYMENT } from "../../support/details.ts";
import { type Members, RESOURCE } from "../../support/documents.ts";
import { makeIdJag, makeResource, reasonOf } from "../../support/redemption.ts";

const resource = makeResource({ authorization_details_types: DETAILS_TYPES });

function known(asserted: unknown, requested: unknown) {
  return {
    idJag: makeIdJag({ assertedDetails: asserted as Json | undefined }),
    resource,
    requestedAuthorizationDetails:
      requested === undefined || typeof requested === "string" ? (requested ?? null) : JSON.stringify(requested),
  };
}

function check(asserted: unknown, requested?: unknown): readonly Members[] {
  return authorizationDetails(known(asserted, requested)).admissibleDetails;
}

function refusal(asserted: unknown, requested?: unknown): Promise<string> {
  return reasonOf(() => authorizationDetails(known(asserted, requested)));
}

describe("authorization_details", () => {
  it("are none where nobody speaks of them", () => {
    expect(check(undefined)).toEqual([]);
  });

  it("are what is asserted where nothing else is asked for [JAG-R-26]", () => {
    expect(check([PAYMENT, FOLDER])).toEqual([PAYMENT, FOLDER]);
  });

  it("are what is asked for where it is asserted, in whatever order and spelling", () => {
    const { path, flags, type } = FOLDER;
    expect(check([PAYMENT, FOLDER], [{ flags, type, path }])).toEqual([FOLDER]);
    expect(check([PAYMENT, FOLDER], [FOLDER, PAYMENT])).toEqual([FOLDER, PAYMENT]);
    const less = { ...PAYMENT, amount: 1, actions: ["pay"] };
    expect(check([PAYMENT], [less])).toEqual([less]);
  });

  it.each<[string, readonly Members[]]>([
    ["something else", [FOLDER]],
    ["more of a number", [{ ...PAYMENT, amount: 101 }]],
    ["more of a list", [{ ...PAYMENT, actions: ["read", "pay", "cancel"] }]],
    ["another of a list", [{ ...PAYMENT, actions: ["cancel"] }]],
    ["an empty list, which may mean everything", [{ ...PAYMENT, actions: [] }]],
    ["a limit less", [{ type: "payment", account: "account-one", actions: ["pay"] }]],
    ["a member more", [{ ...PAYMENT, locations: [RESOURCE] }]],
    ["another value of what cannot be narrowed", [{ ...PAYMENT, account: "account-two" }]],
    ["the same twice", [PAYMENT, PAYMENT]],
    [
      "two that share one",
      [
        { ...PAYMENT, amount: 50 },
        { ...PAYMENT, amount: 50 },
      ],
    ],
  ])("are refused where %s is asked for than is asserted", async (_what, requested) => {
    expect(await refusal([PAYMENT], requested)).toBe("authorization_details_exceeded");
  });

  it("are refused where the assertion says nothing of any", async () => {
    expect(await refusal(undefined, [PAYMENT])).toBe("authorization_details_exceeded");
  });

  it.each<[string, unknown, string]>([
    ["a type that is not registered [RAR-01]", [{ type: "loan" }], "type_unknown"],
    ["the name of something that every object has", [{ type: "constructor" }], "type_unknown"],
    ["a type of another case", [{ ...PAYMENT, type: "Payment" }], "type_unknown"],
    ["no type", [{ account: "account-one" }], "malformed"],
    ["a type that is no text", [{ type: ["payment"], account: "account-one" }], "malformed"],
    ["a missing member [RAR-01]", [{ type: "payment" }], "invalid"],
    ["an unknown member [RAR-01]", [{ ...PAYMENT, admin: true }], "invalid"],
    ["a member of another type [RAR-01]", [{ ...PAYMENT, amount: "100" }], "invalid"],
    ["a value that is none of those there are", [{ ...PAYMENT, actions: ["own"] }], "invalid"],
    ["an unknown member further in", [{ ...FOLDER, flags: { recursive: true, admin: true } }], "invalid"],
    ["another server's location", [{ ...PAYMENT, locations: ["https://elsewhere.example/mcp"] }], "invalid"],
    ["another server's location beside ours", [{ ...PAYMENT, locations: [RESOURCE, "https://x.example"] }], "invalid"],
    ["no location in a list of them", [{ ...PAYMENT, locations: [] }], "invalid"],
    ["an empty list", [], "malformed"],
    ["no list", PAYMENT, "malformed"],
    ["null", null, "malformed"],
    ["a list of lists", [[PAYMENT]], "malformed"],
    ["a list of texts", ["payment"], "malformed"],
    ["too many", Array.from({ length: LIMITS.detailsPerRequest + 1 }, () => PAYMENT), "malformed"],
    ["too much", [{ ...PAYMENT, account: "x".repeat(LIMITS.detailsCharacters) }], "malformed"],
  ])("with %s are refused, asserted or asked for", async (_what, details, reason) => {
    expect(await refusal(details)).toBe(`authorization_details_${reason}`);
    expect(await refusal([PAYMENT], JSON.stringify(details))).toBe(`authorization_details_${reason}`);
  });

  it.each([
    ["no JSON", "payment"],
    ["an empty text", " "],
    ["a member twice", '[{"type":"payment","account":"account-one","account":"account-two"}]'],
    ["a type twice", '[{"type":"payment","type":"https://example.com/folder","account":"account-one"}]'],
    ["a member twice, once escaped", '[{"type":"payment","account":"account-one","\\u0061ccount":"account-two"}]'],
    ["a number that no double holds", '[{"type":"payment","account":"account-one","amount":1e999}]'],
    ["what is nested too deep", `[{"type":"payment","account":${"[".repeat(20)}${"]".repeat(20)}}]`],
    ["something after it", "[] []"],
  ])("that are %s are refused", async (_what, text) => {
    expect(await refusal([PAYMENT], text)).toBe("authorization_details_malformed");
  });
});

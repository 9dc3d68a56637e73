import { describe, expect, it } from "vitest";
import { assertionAudience } from "../../../src/redemption/checks/audience.ts";
import { CROSSGATE } from "../../support/documents.ts";
import { makeIdJag, reasonOf } from "../../support/redemption.ts";

const uses = { issuer: CROSSGATE };

describe("audience", () => {
  it("accepts our issuer identifier, alone", async () => {
    expect(
      await reasonOf(() => assertionAudience({ idJag: makeIdJag({ assertionAudience: [CROSSGATE] }) }, uses)),
    ).toBe("accepted");
  });

  it.each([
    ["nobody", []],
    ["us and another", [CROSSGATE, "https://elsewhere.example"]],
    ["another and us", ["https://elsewhere.example", CROSSGATE]],
    ["us twice", [CROSSGATE, CROSSGATE]],
    ["another", ["https://elsewhere.example"]],
    ["our token endpoint, which plain RFC 7523 would allow", [`${CROSSGATE}/token`]],
    ["us with a slash more", [`${CROSSGATE}/`]],
    ["an empty string", [""]],
  ])("refuses %s (ID-JAG §4.4.1) [JAG-R-06, J8725-04]", async (_what, named) => {
    expect(await reasonOf(() => assertionAudience({ idJag: makeIdJag({ assertionAudience: named }) }, uses))).toBe(
      "assertion_audience",
    );
  });
});

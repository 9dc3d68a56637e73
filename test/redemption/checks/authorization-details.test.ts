import { describe, expect, it } from "vitest";
import { authorizationDetails } from "../../../src/redemption/checks/authorization-details.ts";
import { makeIdJag, reasonOf } from "../../support/redemption.ts";

describe("authorization_details", () => {
  it("accepts a redemption without any", async () => {
    const known = { idJag: makeIdJag(), requestedAuthorizationDetails: null };
    expect(await reasonOf(() => authorizationDetails(known))).toBe("accepted");
  });

  it.each([
    ["in the assertion", true, null],
    ["in the request", false, '[{"type":"payment"}]'],
    ["in the request, though empty", false, ""],
    ["in both", true, "[]"],
  ])(
    "refuses them %s: dropping them would grant something else (RFC 9396 §5)",
    async (_where, hasAuthorizationDetails, requested) => {
      const known = { idJag: makeIdJag({ hasAuthorizationDetails }), requestedAuthorizationDetails: requested };
      expect(await reasonOf(() => authorizationDetails(known))).toBe("authorization_details_unsupported");
    },
  );
});

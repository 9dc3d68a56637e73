import { describe, expect, it } from "vitest";
import { clientContinuity } from "../../../src/redemption/checks/client-continuity.ts";
import { CLIENT } from "../../support/documents.ts";
import { makeClient, makeIdJag, NOW, reasonOf } from "../../support/redemption.ts";

const known = { client: makeClient(), window: { acceptedUntilSeconds: NOW + 300, retainUntilSeconds: NOW + 400 } };

describe("client_continuity", () => {
  it("accepts an assertion issued to the client that presents it [JAG-R-08]", async () => {
    expect(await reasonOf(() => clientContinuity({ idJag: makeIdJag({ clientId: CLIENT }), ...known }))).toBe(
      "accepted",
    );
  });

  it.each(["another", "Agent", "agent ", " agent", "agent\u0000", "agent\u200b", "аgent", "agen"])(
    "refuses one issued to %o (ID-JAG §4.4.1)",
    async (clientId) => {
      expect(await reasonOf(() => clientContinuity({ idJag: makeIdJag({ clientId }), ...known }))).toBe(
        "client_mismatch",
      );
    },
  );

  it("takes no actor for the client [X8693-03]", async () => {
    const idJag = makeIdJag({
      clientId: "another",
      actor: { sub: CLIENT, iss: null, claim: { sub: CLIENT, client_id: CLIENT } },
    });
    expect(await reasonOf(() => clientContinuity({ idJag, ...known }))).toBe("client_mismatch");
  });
});

import { describe, expect, it } from "vitest";
import { fencedFacts } from "../../src/redemption/fenced-facts.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { CLIENT, IDP, ORGANIZATION, RESOURCE } from "../support/documents.ts";
import { NOW, redeem } from "../support/redemption.ts";

async function factsOf(claims: Record<string, unknown> = {}) {
  const { consumeAssertion } = await redeem({ claims });
  const [decided] = consumeAssertion.mock.calls[0] ?? [];
  if (decided === undefined) throw new TypeError("nothing was to be consumed");
  return fencedFacts(decided);
}

describe("what must not have been revoked when a token is issued", () => {
  it("names the very text of each document that was decided by, or a narrowed one would decide until KV has spread it", async () => {
    const { names } = await factsOf();
    expect(names.filter((name) => name.startsWith("document:")).toSorted()).toEqual(
      [
        fenceName("document", "idp", "idp-revision"),
        fenceName("document", "client", "client-revision"),
        fenceName("document", "resource", "resource-revision"),
        fenceName("document", "policy", "policy-revision"),
      ].toSorted(),
    );
  });

  it("names whom, for which client, at which server, by which keys", async () => {
    const { names } = await factsOf();
    for (const name of [`client:${CLIENT}`, `resource:${RESOURCE}`, `organization:${ORGANIZATION}`, `issuer:${IDP}`]) {
      expect(names).toContain(name);
    }
    expect(names).toContain("signing_key:signing-key");
    expect(names).toContain(fenceName("subject", IDP, "user-ada"));
  });

  it("rests on the sign-in, and never on one later than the assertion", async () => {
    expect((await factsOf()).signedInAtMilliseconds).toBe(NOW * 1000);
    expect((await factsOf({ auth_time: NOW - 500 })).signedInAtMilliseconds).toBe((NOW - 500) * 1000);
    expect((await factsOf({ auth_time: NOW + 500 })).signedInAtMilliseconds).toBe(NOW * 1000);
  });
});

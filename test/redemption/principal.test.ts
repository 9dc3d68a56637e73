import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivePrincipal } from "../../src/redemption/principal.ts";

/** Short, of few letters, so that parts run into one another often; "t" is what marks a tenant. */
const part = fc.string({ unit: fc.constantFrom("a", "t", "1", ":", "|", "/", " ", "é"), maxLength: 5 });
const identity = fc.record({ issuer: part, tenant: fc.option(part), sub: part });

const ADA = { issuer: "https://idp.example.com", tenant: null, sub: "user-ada" };

describe("derivePrincipal", () => {
  it("is a name of ours that no client can have, and says nothing of whom it names [J8725-03, CIMD-12]", async () => {
    const principal = await derivePrincipal(ADA);
    expect(principal).toMatch(/^usr_[\w-]{43}$/);
    expect(principal).not.toContain("ada");
  });

  it("is what it was yesterday: tokens and rules outlive a deployment", async () => {
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode("23:https://idp.example.com0:8:user-ada"),
    );
    const expected = btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
    expect(await derivePrincipal(ADA)).toBe(`usr_${expected}`);
  });

  it.each([
    ["no tenant and an empty one", { ...ADA, tenant: null }, { ...ADA, tenant: "" }],
    ["a tenant and the mark of one", { ...ADA, tenant: "" }, { ...ADA, tenant: "t" }],
    [
      "a boundary between issuer and sub",
      { issuer: "ab", tenant: null, sub: "c" },
      { issuer: "a", tenant: null, sub: "bc" },
    ],
    ["a tenant and a sub exchanged", { ...ADA, tenant: "x", sub: "y" }, { ...ADA, tenant: "y", sub: "x" }],
    ["a separator inside a part", { ...ADA, tenant: null, sub: "a|b" }, { ...ADA, tenant: "a", sub: "b" }],
  ])("tells apart %s", async (_what, left, right) => {
    expect(await derivePrincipal(left)).not.toBe(await derivePrincipal(right));
  });

  it("is one name for one identity, and another for every other", async () => {
    await fc.assert(
      fc.asyncProperty(identity, identity, async (left, right) => {
        const isSame = left.issuer === right.issuer && left.tenant === right.tenant && left.sub === right.sub;
        expect((await derivePrincipal(left)) === (await derivePrincipal(right))).toBe(isSame);
      }),
      { seed: 26, numRuns: 2000 },
    );
  });

  it("moves when any one part does", async () => {
    const moved = fc.tuple(identity, fc.constantFrom("issuer", "tenant", "sub"), part);
    await fc.assert(
      fc.asyncProperty(moved, async ([given, member, value]) => {
        fc.pre(given[member] !== value);
        expect(await derivePrincipal({ ...given, [member]: value })).not.toBe(await derivePrincipal(given));
      }),
      { seed: 27, numRuns: 1000 },
    );
  });
});

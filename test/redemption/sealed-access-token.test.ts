import { describe, expect, it } from "vitest";
import { acknowledge, Receipt, SealedAccessToken } from "../../src/redemption/sealed-access-token.ts";

const SECRET = "header.claims.signature";

describe("SealedAccessToken", () => {
  it("opens with the receipt for this very token", () => {
    expect(new SealedAccessToken(SECRET, "token-1", "key-1").open(acknowledge("consumed", "token-1"))).toBe(SECRET);
  });

  it("does not open with the receipt for another", () => {
    expect(() => new SealedAccessToken(SECRET, "token-1", "key-1").open(acknowledge("consumed", "token-2"))).toThrow(
      "the receipt is for another token",
    );
  });

  it.each<[string, (token: SealedAccessToken) => unknown]>([
    ["JSON", (token) => JSON.stringify({ token })],
    ["text", (token) => String(token)],
    ["its members", (token) => JSON.stringify(Object.entries(token))],
    ["a copy", (token) => JSON.stringify(Object.assign({}, token))],
    ["all its property names", (token) => JSON.stringify(Reflect.ownKeys(token))],
  ])("shows nothing of itself in %s", (_what, show) => {
    expect(show(new SealedAccessToken(SECRET, "token-1", "key-1"))).not.toContain(SECRET);
    expect(show(new SealedAccessToken(SECRET, "token-1", "key-1"))).not.toContain("claims");
  });

  it("cannot be cloned into another isolate with what it holds", () => {
    expect(
      Object.values(structuredClone(Object.assign({}, new SealedAccessToken(SECRET, "token-1", "key-1")))),
    ).toEqual([]);
  });
});

describe("Receipt", () => {
  it("is for one token", () => {
    const receipt = acknowledge("consumed", "token-1");
    expect(receipt.names("token-1")).toBe(true);
    expect(receipt.names("token-2")).toBe(false);
  });

  it("is given for nothing but a consumption", () => {
    const answers: unknown[] = ["replayed", "Consumed", "", null, undefined, true, { consumed: true }];
    for (const answer of answers) {
      expect(() => Reflect.apply(acknowledge, null, [answer, "token-1"])).toThrow("not consumed");
    }
  });

  it.each([
    Symbol("the ledger has consumed the assertion"),
    Symbol.for("the ledger has consumed the assertion"),
    undefined,
    null,
    "consumed",
  ])("is made by nobody who was not there: %o", (guess) => {
    expect(() => Reflect.construct(Receipt, [guess, "token-1"])).toThrow("a receipt comes from the ledger");
  });

  it("is not what an object of its shape is", () => {
    const forged = { names: () => true };
    // @ts-expect-error -- a receipt has a private member, so that no object literal is one
    const opened = (): string => new SealedAccessToken(SECRET, "token-1", "key-1").open(forged);
    expect(opened).toBeTypeOf("function");
  });
});

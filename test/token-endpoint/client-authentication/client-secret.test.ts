import { describe, expect, it, vi } from "vitest";
import { ClientSecrets } from "../../../src/token-endpoint/client-authentication/client-secret.ts";
import { digestSecret } from "../../support/tenant.ts";

const PEPPER = "pepper-of-this-test";
const secrets = new ClientSecrets(PEPPER);
const digest = (secret: string, pepper = PEPPER) => digestSecret(secret, pepper);

describe("ClientSecrets", () => {
  it("knows a secret by its digest", async () => {
    expect(await secrets.matches("right", [await digest("right")])).toBe(true);
  });

  it.each(["", "Right", "right ", "righ", "right\u0000", "r\u0131ght"])(
    "does not take %j for right",
    async (secret) => {
      expect(await secrets.matches(secret, [await digest("right")])).toBe(false);
    },
  );

  it("knows either of two while one is being replaced, and no longer the one that was taken out", async () => {
    const [old, replacement] = [await digest("old"), await digest("new")];
    for (const secret of ["old", "new"]) expect(await secrets.matches(secret, [old, replacement])).toBe(true);
    expect(await secrets.matches("old", [replacement])).toBe(false);
  });

  it("knows nothing under another pepper", async () => {
    expect(await secrets.matches("right", [await digest("right", "another pepper")])).toBe(false);
  });

  // The digest itself, from a document that leaked, is no secret.
  it("does not take the digest for the secret", async () => {
    const stored = await digest("right");
    for (const guess of [stored, stored.slice("hmac-sha256:".length)]) {
      expect(await secrets.matches(guess, [stored])).toBe(false);
    }
  });

  // F04: a client that does not exist must cost what one that does costs, and must never match.
  it("does the same work for nobody, and matches no secret", async () => {
    const verify = vi.spyOn(crypto.subtle, "verify");
    for (const secret of ["", "any", "0".repeat(64)]) expect(await secrets.matches(secret, [])).toBe(false);
    const forNobody = verify.mock.calls.length;
    await secrets.matches("wrong", [await digest("right")]);
    await secrets.matches("wrong", [await digest("right")]);
    await secrets.matches("wrong", [await digest("right")]);
    expect(verify.mock.calls.length - forNobody).toBe(forNobody);
    expect(forNobody).toBe(3);
    // Whatever that work comes to, nobody is nobody.
    verify.mockResolvedValue(true);
    expect(await secrets.matches("any", [])).toBe(false);
    verify.mockRestore();
  });
});

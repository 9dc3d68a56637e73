import { describe, expect, it } from "vitest";
import { Seal } from "../../src/connect/seal.ts";
import { DpopNonces } from "../../src/dpop/nonce.ts";
import { decodeBase64url, encodeBase64url } from "../../src/jwt/base64url.ts";

const SECRET = "a-secret-of-this-deployment";
const NOW = 1_800_000_000;
const seal = new Seal(SECRET);

describe("what a browser keeps for us", () => {
  it("comes back as it was until it expires, to the second", async () => {
    const sealed = await seal.seal("link", { a: "é", n: 1 }, NOW + 10);
    expect(await seal.open("link", sealed, NOW + 9)).toEqual({ a: "é", n: 1, expires: NOW + 10 });
    expect(await seal.open("link", sealed, NOW + 10)).toBe("expired");
  });

  it("shows nothing of what is in it, and never looks the same twice", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => seal.seal("link", { subject: "alice@acme.example" }, NOW)));
    expect(one).not.toBe(two);
    expect(new TextDecoder("latin1").decode(decodeBase64url(one ?? "") ?? undefined)).not.toContain("alice");
  });

  it("is unreadable when one bit of it has changed, wherever", async () => {
    const bytes = decodeBase64url(await seal.seal("link", { a: 1 }, NOW + 10)) ?? new Uint8Array();
    const changed = Array.from(bytes, (byte, at) => Uint8Array.from(bytes).with(at, byte ^ 1));
    for (const text of changed.map((one) => encodeBase64url(one))) {
      expect(await seal.open("link", text, NOW)).toBe("unreadable");
    }
  });

  it("is unreadable as another kind, by another deployment, cut short, or as what it never was", async () => {
    const sealed = await seal.seal("link", { a: 1 }, NOW + 10);
    expect(await seal.open("journey", sealed, NOW)).toBe("unreadable");
    expect(await new Seal(`${SECRET}2`).open("link", sealed, NOW)).toBe("unreadable");
    const nonce = await new DpopNonces(SECRET).current(NOW);
    for (const text of ["", "a", sealed.slice(0, 20), `${sealed}=`, `${sealed} `, "!", nonce]) {
      expect(await seal.open("link", text, NOW)).toBe("unreadable");
    }
  });
});

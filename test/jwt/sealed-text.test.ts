import { describe, expect, it } from "vitest";
import { SealedTexts } from "../../src/jwt/sealed-text.ts";

const texts = new SealedTexts("a-secret-of-the-tests", "test");

describe("a sealed text", () => {
  it("is opened by whoever has the secret, in its context", async () => {
    const sealed = await texts.seal("ünïcode \uFEFF", "context");
    expect(sealed).not.toContain("code");
    expect(await new SealedTexts("a-secret-of-the-tests", "test").open(sealed, "context")).toBe("ünïcode \uFEFF");
  });

  it("is another each time", async () => {
    expect(await texts.seal("a", "c")).not.toBe(await texts.seal("a", "c"));
  });

  it("opens in no other context, for no other purpose and by no other secret", async () => {
    const sealed = await texts.seal("text", "context");
    expect(await texts.open(sealed, "Context")).toBeNull();
    expect(await new SealedTexts("a-secret-of-the-tests", "another").open(sealed, "context")).toBeNull();
    expect(await new SealedTexts("another-secret-of-tests", "test").open(sealed, "context")).toBeNull();
  });

  it("does not open when a single letter of it was changed, or it was made up", async () => {
    const sealed = await texts.seal("text", "context");
    const spoilt = Array.from(
      sealed,
      (letter, at) => sealed.slice(0, at) + (letter === "A" ? "B" : "A") + sealed.slice(at + 1),
    );
    const opened = await Promise.all(
      [...spoilt, "", "AAAA", "!", sealed.slice(0, 16), `${sealed}=`].map((text) => texts.open(text, "context")),
    );
    expect(new Set(opened)).toEqual(new Set([null]));
  });
});

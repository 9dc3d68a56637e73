import { describe, expect, it } from "vitest";
import { HmacKey } from "../../src/jwt/hmac-key.ts";

/** RFC 4231 §4.3. */
const KEY = new HmacKey("Jefe");
const TEXT = "what do ya want for nothing?";
const MAC = Uint8Array.from(
  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843".match(/../g) ?? [],
  (pair) => Number.parseInt(pair, 16),
);

describe("HmacKey", () => {
  it("makes the MACs that everybody makes of secret and text", async () => {
    expect(await KEY.sign(TEXT)).toEqual(MAC);
  });

  it("knows its own again, and no other", async () => {
    expect(await KEY.verify(MAC, TEXT)).toBe(true);
    expect(await KEY.verify(MAC, `${TEXT} `)).toBe(false);
    expect(await new HmacKey("another").verify(MAC, TEXT)).toBe(false);
    expect(await KEY.verify(MAC.slice(0, 31), TEXT)).toBe(false);
    expect(await KEY.verify(new Uint8Array(), TEXT)).toBe(false);
  });
});

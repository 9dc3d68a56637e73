import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/jwt/base64url.ts";
describe("base64url", () => {
  it("round trips", () => {
    expect(encodeBase64url(decodeBase64url("AQAB") ?? new Uint8Array())).toBe("AQAB");
  });
});

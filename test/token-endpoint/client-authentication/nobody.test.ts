import { afterEach, describe, expect, it, vi } from "vitest";
import { verifyAgainstNobody } from "../../../src/token-endpoint/client-authentication/nobody.ts";
import { makeTestKey, signText } from "../../support/test-idp.ts";

afterEach(() => void vi.restoreAllMocks());

describe("verifying against nobody", () => {
  it("does the work of one signature, and says nothing of it", async () => {
    const key = await makeTestKey("ES256", "anybody");
    const token = await signText(JSON.stringify({ alg: "ES256" }), "{}", key);
    const verified = vi.spyOn(crypto.subtle, "verify");
    expect(await verifyAgainstNobody(token)).toBeUndefined();
    expect(verified).toHaveBeenCalledTimes(1);
  });

  it.each(["", "a.b.c", "e30.e30."])("is not disturbed by %j", async (token) => {
    expect(await verifyAgainstNobody(token)).toBeUndefined();
  });
});

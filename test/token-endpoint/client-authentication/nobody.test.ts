import { afterEach, describe, expect, it, vi } from "vitest";
import { verifyAgainstNobody } from "../../../src/token-endpoint/client-authentication/nobody.ts";
import { readSigned } from "../../support/signed.ts";
import { makeTestKey, signText } from "../../support/test-idp.ts";

afterEach(() => void vi.restoreAllMocks());

describe("verifying against nobody", () => {
  it("does the work of one signature, and says nothing of it", async () => {
    const key = await makeTestKey("ES256", "anybody");
    const token = await signText(JSON.stringify({ alg: "ES256" }), "{}", key);
    const verified = vi.spyOn(crypto.subtle, "verify");
    expect(await verifyAgainstNobody(readSigned(token))).toBeUndefined();
    expect(verified).toHaveBeenCalledTimes(1);
  });

  it.each([0, 1, 63, 65, 256])("is not disturbed by a signature of %i bytes", async (bytes) => {
    const jws = { token: "e30.e30.", header: { alg: "RS256" }, signature: new Uint8Array(bytes) };
    expect(await verifyAgainstNobody(jws)).toBeUndefined();
  });
});

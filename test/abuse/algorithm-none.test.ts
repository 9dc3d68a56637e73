import { describe, expect, it } from "vitest";
import { ALGORITHMS } from "../../src/jwt/json-web-key.ts";
import { NOW, testIdp, verdictOf } from "../support/redemption.ts";
import { signText, validClaims } from "../support/test-idp.ts";

/** A01: an assertion that says of itself that it needs no signature, or leaves open which. */
const SPELLINGS: [spelling: unknown, reason: string][] = [
  ["none", "algorithm_not_allowed"],
  ["None", "algorithm_not_allowed"],
  ["NONE", "algorithm_not_allowed"],
  ["nOnE", "algorithm_not_allowed"],
  ["none ", "algorithm_not_allowed"],
  [" none", "algorithm_not_allowed"],
  ["none\u0000", "algorithm_not_allowed"],
  ["nоne", "algorithm_not_allowed"],
  ["ｎｏｎｅ", "algorithm_not_allowed"],
  ["null", "algorithm_not_allowed"],
  ["undefined", "algorithm_not_allowed"],
  ["ES256,none", "algorithm_not_allowed"],
  ["", "assertion_malformed"],
  [undefined, "assertion_malformed"],
  [null, "assertion_malformed"],
  [0, "assertion_malformed"],
  [false, "assertion_malformed"],
  [["none"], "assertion_malformed"],
  [["ES256", "none"], "assertion_malformed"],
  [{ alg: "none" }, "assertion_malformed"],
];

async function assertionWith(alg: unknown, signature: string | null): Promise<string> {
  const { key } = await testIdp();
  const header = JSON.stringify({ typ: "oauth-id-jag+jwt", alg, kid: key.kid });
  const token = await signText(header, JSON.stringify(validClaims({}, NOW)), key);
  return signature === null ? token : token.replace(/[^.]*$/, signature);
}

const everyAlgorithm = { idp: { algorithms: [...ALGORITHMS] } };

describe("alg: none", () => {
  it.each(SPELLINGS)(
    "spelt %o is refused over a good signature, whatever the issuer's record allows",
    async (alg, reason) => {
      const assertion = await assertionWith(alg, null);
      expect(await verdictOf({ assertion, documents: everyAlgorithm })).toEqual({ verdict: reason, consumed: 0 });
    },
  );

  it.each(SPELLINGS)("spelt %o is refused over garbage", async (alg, reason) => {
    const assertion = await assertionWith(alg, "AAAA");
    expect(await verdictOf({ assertion, documents: everyAlgorithm })).toEqual({ verdict: reason, consumed: 0 });
  });

  it.each(SPELLINGS)("spelt %o is refused without a signature", async (alg) => {
    const assertion = await assertionWith(alg, "");
    expect(await verdictOf({ assertion, documents: everyAlgorithm })).toEqual({
      verdict: "assertion_malformed",
      consumed: 0,
    });
  });

  it("differs from an assertion that is granted in this one member [JAG-C-04]", async () => {
    expect(await verdictOf({ assertion: await assertionWith("ES256", null) })).toEqual({
      verdict: "granted",
      consumed: 1,
    });
  });
});

import { describe, expect, it } from "vitest";
import { mayUseAgain } from "../../src/redemption/assertion-use.ts";
import { makeDpopKey, makeProof } from "../support/dpop.ts";
import { NOW, redeem, type Scenario } from "../support/redemption.ts";

async function holderOf(scenario: Scenario): Promise<readonly string[] | null> {
  const { consumeAssertion } = await redeem(scenario);
  const [decided] = consumeAssertion.mock.calls[0] ?? [];
  if (decided === undefined) throw new TypeError("refused");
  return mayUseAgain(decided);
}

const UNTIL_EXPIRY = { documents: { idp: { assertion_use: "until_expiry" } } };

describe("mayUseAgain", () => {
  it("names nobody unless the issuer's record says so", async () => {
    expect(await holderOf({})).toBeNull();
    expect(await holderOf({ documents: { idp: { assertion_use: "single" } } })).toBeNull();
  });

  it("names the client, and the key that it proved", async () => {
    const key = await makeDpopKey();
    const proved = { presented: { dpopProof: await makeProof(key, NOW) } };
    expect(await holderOf(UNTIL_EXPIRY)).toEqual(["agent", ""]);
    expect(await holderOf({ ...UNTIL_EXPIRY, ...proved })).toEqual(["agent", `k${key.thumbprint}`]);
  });
});

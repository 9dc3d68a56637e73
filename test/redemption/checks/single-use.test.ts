import { beforeAll, describe, expect, it, vi } from "vitest";
import { Outage } from "../../../src/audit/reason.ts";
import { singleUse } from "../../../src/redemption/checks/single-use.ts";
import type { Consumption, Decided } from "../../../src/redemption/dependencies.ts";
import { ATTEMPT, reasonOf, redeem } from "../../support/redemption.ts";

let decided: Decided;

beforeAll(async () => {
  const { consumeAssertion } = await redeem();
  const [first] = consumeAssertion.mock.calls;
  if (first === undefined) throw new TypeError("nothing was redeemed");
  [decided] = first;
});

describe("single_use", () => {
  it("consumes the assertion, once, with all that was decided, and gives the receipt of this token", async () => {
    const consumeAssertion = vi.fn(async (_decided: Decided): Promise<Consumption> => "consumed");
    const { receipt } = await singleUse(decided, { consumeAssertion });
    expect(receipt.names(ATTEMPT)).toBe(true);
    expect(receipt.names("another")).toBe(false);
    expect(consumeAssertion).toHaveBeenCalledExactlyOnceWith(decided);
  });

  it("refuses a replay and gives no receipt (EMA §7.4.2)", async () => {
    expect(await reasonOf(() => singleUse(decided, { consumeAssertion: async () => "replayed" }))).toBe(
      "assertion_replayed",
    );
  });

  it("never talks of a replay when the ledger does not answer", async () => {
    const outage = new Outage("ledger_unavailable");
    await expect(singleUse(decided, { consumeAssertion: () => Promise.reject(outage) })).rejects.toBe(outage);
  });

  it("gives no receipt for an answer that is neither of the two", async () => {
    const garbled = async (): Promise<Consumption> => JSON.parse('"maybe"');
    await expect(singleUse(decided, { consumeAssertion: garbled })).rejects.toThrow("not consumed");
  });
});

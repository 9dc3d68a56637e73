import { describe, expect, it } from "vitest";
import type { RevocationStatus } from "../../src/revocation/status.ts";
import { assertionOf, ledgersOf, registry, someone } from "../support/revocations.ts";

/**
 * H08 and promise 3: 10,000 races of redeeming against revoking, over shards that are busy. A redemption that began
 * after the revocation had answered gives no token. One that is under way may, since its commit came before.
 */
const ROUNDS = 20;
/** In flight when the order comes: enough to keep every shard busy. Each that commits costs as much as five refused. */
const BEFORE = 100;
/** Begun when the order has answered: these are the ones that could come too late. */
const AFTER = 400;
const SHARDS = 8;

/** A shard that is too busy to hear of it in time makes it 202; whoever revoked then asks until it is in effect. */
async function untilEffective(status: RevocationStatus | null): Promise<void> {
  if (status === null) throw new Error("the registry has no room");
  let current = status;
  // oxlint-disable-next-line no-await-in-loop -- polling, as a person would
  while (!current.isEffective) current = await registry().status(status.version);
}

describe("revoking while assertions are being redeemed", () => {
  it("lets no commit follow the answer [CVE-2026-16103]", { timeout: 240_000 }, async () => {
    const ledgers = ledgersOf(SHARDS);
    let [consumed, late] = [0, 0];
    for (let round = 0; round < ROUNDS; round += 1) {
      const who = someone();
      let isRevoked = false;
      const redeem = async (): Promise<void> => {
        const beganAfter = isRevoked;
        const answer = await ledgers.consume(assertionOf([who]));
        if (answer === "consumed") consumed += 1;
        if (answer === "consumed" && beganAfter) late += 1;
      };
      const before = Array.from({ length: BEFORE }, redeem);
      const revoked = registry()
        .order([who], "block")
        .then(async (status) => {
          await untilEffective(status);
          isRevoked = true;
          return Promise.all(Array.from({ length: AFTER }, redeem));
        });
      await Promise.all([...before, revoked]);
    }
    expect(late).toBe(0);
    // Or the races were none.
    expect(consumed).toBeGreaterThan(ROUNDS);
  });
});

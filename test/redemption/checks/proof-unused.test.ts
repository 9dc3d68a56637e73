import { describe, expect, it, vi } from "vitest";
import { Outage } from "../../../src/audit/reason.ts";
import { LIMITS } from "../../../src/limits.ts";
import { proofUnused } from "../../../src/redemption/checks/proof-unused.ts";
import type { Consumption, ConsumableProof } from "../../../src/redemption/dependencies.ts";
import { SealedAccessToken } from "../../../src/redemption/sealed-access-token.ts";
import { NOW, reasonOf } from "../../support/redemption.ts";

const proof = {
  thumbprint: "thumbprint",
  jti: "proof-1",
  nonce: "n",
  issuedAtSeconds: NOW,
  notBeforeSeconds: null,
  expiresAtSeconds: null,
};
const known = { proof, attemptId: "attempt-1", sealed: new SealedAccessToken("signed", "attempt-1", "key-1") };

function ledger(answer: Consumption) {
  return { consumeProof: vi.fn(async (_proof: ConsumableProof) => answer) };
}

describe("proof_unused", () => {
  it("spends a proof, for its key and within this attempt", async () => {
    const uses = ledger("consumed");
    expect(await reasonOf(() => proofUnused(known, uses))).toBe("accepted");
    expect(uses.consumeProof).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ thumbprint: "thumbprint", jti: "proof-1", attemptId: "attempt-1" }),
    );
  });

  it("has it remembered for longer than any proof is fresh", async () => {
    const uses = ledger("consumed");
    await proofUnused(known, uses);
    const retained = uses.consumeProof.mock.calls[0]?.[0].retainUntilSeconds ?? 0;
    expect(retained).toBeGreaterThan(NOW + LIMITS.dpopProofAgeSeconds + LIMITS.clockToleranceMaximumSeconds);
  });

  it("refuses a proof that has served (RFC 9449 §11.1)", async () => {
    expect(await reasonOf(() => proofUnused(known, ledger("replayed")))).toBe("proof_replayed");
  });

  it("asks nobody where there is no proof", async () => {
    const uses = ledger("replayed");
    expect(await reasonOf(() => proofUnused({ ...known, proof: null }, uses))).toBe("accepted");
    expect(uses.consumeProof).not.toHaveBeenCalled();
  });

  it("lets an outage of the ledger through: it is no replay", async () => {
    const outage = new Outage("ledger_unavailable");
    await expect(proofUnused(known, { consumeProof: () => Promise.reject(outage) })).rejects.toBe(outage);
  });
});

import type { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import { mayUseAgain } from "../redemption/assertion-use.ts";
import type { ConsumableProof, Consumption } from "../redemption/dependencies.ts";
import { fencedFacts } from "../redemption/fenced-facts.ts";
import type { Parts } from "./parts.ts";
import { Outage } from "../audit/reason.ts";
import type { LedgerEntry } from "../token-endpoint/token-endpoint.ts";

export async function consumeAssertion(
  { ledger, revocations }: Pick<Parts, "ledger" | "revocations">,
  { decided, event }: LedgerEntry,
): Promise<Consumption | "revoked"> {
  const consumed = ledger.consume({
    namespace: "id-jag",
    owner: decided.idJag.issuer,
    jti: decided.idJag.jti,
    attemptId: decided.attemptId,
    retainUntilSeconds: decided.window.retainUntilSeconds,
    sharedWith: mayUseAgain(decided),
    event,
    fenced: fencedFacts(decided),
  });
  return consumed.catch(async (error: unknown) => {
    // So that the documents are read anew which the ledger knows to have been replaced.
    if (error instanceof Outage && error.reason === "revocations_outdated") await revocations.catchUp();
    throw error;
  });
}

export function consumeProof(
  ledger: LedgerShards,
  { thumbprint, ...proof }: ConsumableProof,
): Promise<"consumed" | "replayed"> {
  const { jti, attemptId, retainUntilSeconds } = proof;
  return ledger.consume({
    namespace: "dpop-proof",
    owner: thumbprint,
    jti,
    attemptId,
    retainUntilSeconds,
    event: null,
  });
}

import type { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import { mayUseAgain } from "../redemption/assertion-use.ts";
import type { ConsumableProof, Consumption } from "../redemption/dependencies.ts";
import { fencedFacts } from "../redemption/fenced-facts.ts";
import type { LedgerEntry } from "../token-endpoint/token-endpoint.ts";

export function consumeAssertion(
  ledger: LedgerShards,
  { decided, event }: LedgerEntry,
): Promise<Consumption | "revoked"> {
  return ledger.consume({
    namespace: "id-jag",
    owner: decided.idJag.issuer,
    jti: decided.idJag.jti,
    attemptId: decided.attemptId,
    retainUntilSeconds: decided.window.retainUntilSeconds,
    sharedWith: mayUseAgain(decided),
    event,
    fenced: fencedFacts(decided),
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

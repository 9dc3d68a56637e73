import type { Decided, Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";
import { acknowledge, type Receipt } from "../sealed-access-token.ts";

/**
 * EMA §7.4.2: the only irreversible step, and the last. Everything that can say no without cost has said yes, so an
 * honest mistake or an outage never burns an assertion. AuthPlane consumes before scope and policy, so that a captured
 * assertion cannot be resent to explore them; here that oracle is open to the authenticated client of the assertion
 * alone, and asking it is audited. Where the issuer's record says `until_expiry`, the ledger consumes an assertion for
 * its holder (`assertion-use.ts`), who may come again; to everybody else it is a replay. What has been revoked is asked
 * in the same transaction, and before the identifier: what is refused for it is not spent. A ledger that does not answer
 * is an outage: no token, and no talk of replay.
 */
export async function singleUse(
  decided: Decided,
  { consumeAssertion }: Pick<Dependencies, "consumeAssertion">,
): Promise<{ receipt: Receipt }> {
  const consumption = await consumeAssertion(decided);
  if (consumption === "revoked") throw new Rejected("revoked");
  if (consumption === "replayed") throw new Rejected("assertion_replayed");
  return { receipt: acknowledge(consumption, decided.contents.tokenId) };
}

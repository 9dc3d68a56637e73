import { env } from "cloudflare:workers";
import { AssertionLedger } from "../../durable-objects/assertion-ledger.ts";
import type { RevocationRegistry } from "../../durable-objects/revocation-registry.ts";
import { findRegistry } from "../../durable-objects/revocations.ts";
import { type Consumable, type Consumption, LedgerShards } from "../../durable-objects/ledger-shards.ts";
import type { LedgerPlacement } from "../../src/config.ts";
import type { FencedFacts } from "../../src/revocation/fence.ts";
import { vi } from "vitest";

const ANYWHERE = { jurisdiction: null, locationHint: null, shardsBefore: null } as const;

/** The one registry of the runtime under test. */
export function registry(): DurableObjectStub<RevocationRegistry> {
  return findRegistry(env.REVOCATION_REGISTRY, ANYWHERE);
}

export function ledgersOf(shards: number, placement: Partial<LedgerPlacement> = {}): LedgerShards {
  return new LedgerShards(env.ASSERTION_LEDGER, { ...ANYWHERE, shards, ...placement });
}

/** An assertion of its own that rests on `names`. */
export function assertionOf(
  names: readonly string[],
  changes: Partial<FencedFacts> = {},
): Consumable & { fenced: FencedFacts } {
  const attemptId = crypto.randomUUID();
  return {
    namespace: "id-jag",
    owner: "https://idp.example.com",
    jti: attemptId,
    attemptId,
    retainUntilSeconds: Math.floor(Date.now() / 1000) + 300,
    event: `consumed by ${attemptId}`,
    fenced: { names, signedInAtMilliseconds: Date.now(), ...changes },
  };
}

export function redeem(ledgers: LedgerShards, ...names: readonly string[]): Promise<Consumption> {
  return ledgers.consume(assertionOf(names));
}

/** A name that no other test uses. */
export function someone(): string {
  return `principal:usr_${crypto.randomUUID()}`;
}

/** From now on the registry reaches none of the ledgers of which `isCutOff` says so, though Workers do. */
export function cutOff(isCutOff: (ledger: string) => boolean): void {
  // oxlint-disable-next-line typescript/unbound-method -- called on the object that the runtime called it on
  const { announce } = AssertionLedger.prototype;
  vi.spyOn(AssertionLedger.prototype, "announce").mockImplementation(function cut(this: AssertionLedger, position) {
    const name = (this as unknown as { ctx: DurableObjectState }).ctx.id.name ?? "";
    if (isCutOff(name)) throw new Error("unreachable");
    return announce.call(this, position);
  });
}

import { Outage } from "../src/audit/reason.ts";
import { recordOfReplay } from "../src/audit/replay-record.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { digestParts, hashParts } from "../src/jwt/digest.ts";
import { LIMITS } from "../src/limits.ts";
import type { FencedFacts } from "../src/revocation/fence.ts";
import type { AssertionLedger, ConsumeRequest, ConsumeResult, LedgerStatus, SharedUse } from "./assertion-ledger.ts";

/** What is consumed; each kind has a name space of its own, so that none can spend another's identifiers. */
export type LedgerNamespace =
  | "id-jag"
  | "client-assertion"
  | "dpop-proof"
  | "admin-request"
  | "connect-state"
  | "global-token-revocation";

export interface Consumable {
  readonly namespace: LedgerNamespace;
  /** The issuer, client or key whose identifier `jti` is. */
  readonly owner: string;
  readonly jti: string;
  readonly attemptId: string;
  readonly retainUntilSeconds: number;
  /** Who may use it again until then; nobody when absent. A list, so that no two holders are spelled alike. */
  readonly sharedWith?: readonly string[] | null;
  readonly event: ConsumeRequest["event"];
  /** What must not have been revoked; absent where nothing is issued for it. */
  readonly fenced?: FencedFacts;
}

/** `revoked` has spent nothing. */
export type Consumption = "consumed" | "replayed" | "revoked";

type Ledger = DurableObjectStub<AssertionLedger>;
/** Of records that consume nothing; apart from every namespace above. */
const EVENT_NAMESPACE = "audit-event";

/** The Worker's side of the ledger: which shard owns what, and retries that cannot consume twice. */
export class LedgerShards {
  readonly #ledgers: DurableObjectNamespace<AssertionLedger>;
  readonly #placement: LedgerPlacement;

  constructor(ledgers: DurableObjectNamespace<AssertionLedger>, placement: LedgerPlacement) {
    this.#ledgers = placement.jurisdiction === null ? ledgers : ledgers.jurisdiction(placement.jurisdiction);
    this.#placement = placement;
  }

  /**
   * While the number of shards changes, an assertion has an owner by either count, and must be new to both: Workers that
   * still know only the old count ask the old owner, so it is asked first, and holds no record.
   * @throws Outage
   */
  consume(consumable: Consumable & { readonly fenced: FencedFacts }): Promise<Consumption>;
  consume(consumable: Consumable): Promise<"consumed" | "replayed">;
  async consume(consumable: Consumable): Promise<Consumption> {
    const digest = await hashParts([consumable.namespace, consumable.owner, consumable.jti]);
    const { attemptId, retainUntilSeconds, event, fenced = null } = consumable;
    const sharedUse = await sharedUseOf(consumable);
    const request = { key: keyOf(digest), attemptId, retainUntilSeconds, sharedUse, event, fenced };
    const { shards, shardsBefore } = this.#placement;
    const owner = shardOf(digest, shards);
    const ownerBefore = shardsBefore === null ? owner : shardOf(digest, shardsBefore);
    if (ownerBefore === owner) return this.#consumeAt(owner, request);
    const before = await this.#consumeAt(ownerBefore, { ...request, event: null });
    // Only to have the refusal on record with the decision; what the new owner answers changes nothing any more.
    if (before === "replayed") return this.#recordReplay(owner, request);
    if (before === "revoked") return before;
    try {
      const after = await this.#consumeAt(owner, request);
      if (after === "revoked") await this.#release(ownerBefore, request);
      return after;
    } catch (error) {
      await this.#release(ownerBefore, request);
      throw error;
    }
  }

  /**
   * The new owner did not answer, so this attempt ends without a token. The old one must not hold it against the next
   * attempt, which would then be told of a replay where there was an outage. Should the new owner have consumed all the
   * same, it alone still refuses the next one.
   */
  async #release(shard: number, { key, attemptId }: ConsumeRequest): Promise<void> {
    await this.#call(shard, (ledger) => ledger.release(key, attemptId)).catch(() => undefined);
  }

  /** @throws Outage when the record cannot be written durably. */
  async record(eventId: string, event: string): Promise<void> {
    const digest = await hashParts([EVENT_NAMESPACE, "", eventId]);
    const shard = shardOf(digest, this.#placement.shards);
    const result = await this.#call(shard, (ledger) => ledger.record(keyOf(digest), eventId, event));
    if (result === "backlogged") throw new Outage("audit_backlog");
  }

  /** How far behind each shard's records are; null for one that does not answer. */
  async pending(): Promise<readonly { readonly shard: number; readonly pending: number | null }[]> {
    const shards = Array.from({ length: this.#placement.shards }, (_, shard) => shard);
    const ask = async (shard: number): Promise<number | null> =>
      this.#call(shard, async (ledger) => (await ledger.status()).pending).catch(() => null);
    return Promise.all(shards.map(async (shard) => ({ shard, pending: await ask(shard) })));
  }

  /** Of each shard there is, or was before the number changed; null where it does not answer. */
  everyStatus(): Promise<readonly (LedgerStatus | null)[]> {
    const shards = Math.max(this.#placement.shards, this.#placement.shardsBefore ?? 0);
    const asked = Array.from({ length: shards }, (_, shard) => this.#call(shard, (ledger) => ledger.status()));
    return Promise.all(asked.map((answer) => answer.catch(() => null)));
  }

  async #recordReplay(owner: number, { attemptId, event }: ConsumeRequest): Promise<"replayed"> {
    if (event !== null) {
      const digest = await hashParts([EVENT_NAMESPACE, "", attemptId]);
      const ask = (ledger: Ledger) => ledger.record(keyOf(digest), attemptId, recordOfReplay(event));
      if ((await this.#call(owner, ask)) === "backlogged") throw new Outage("audit_backlog");
    }
    return "replayed";
  }

  /**
   * An answer that took longer than the registry waits past a lease could be by a lease that had run out before the
   * commit, and a revocation have been called effective meanwhile. The same attempt asks again, and hears of that.
   */
  async #consumeAt(shard: number, request: ConsumeRequest): Promise<Consumption> {
    for (let attempt = 1; attempt <= LIMITS.ledgerAttempts; attempt += 1) {
      const askedAt = Date.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what a retry is
      const result: ConsumeResult = await this.#call(shard, (ledger) => ledger.consume(request));
      const isPrompt = Date.now() - askedAt <= LIMITS.fenceLeaseMarginMilliseconds;
      if (result !== "consumed" || request.fenced === null || isPrompt) return consumptionOf(result);
    }
    throw new Outage("ledger_unavailable");
  }

  /** Tries again with the same attempt, which the ledger recognizes; never when overloaded, which makes it worse. */
  async #call<Result>(shard: number, ask: (ledger: Ledger) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other is what a retry is
        return await ask(this.#ledger(shard));
      } catch (error) {
        if (isOverloaded(error)) throw new Outage("ledger_overloaded", { cause: error });
        if (attempt >= LIMITS.ledgerAttempts) throw new Outage("ledger_unavailable", { cause: error });
      }
    }
  }

  #ledger(shard: number): Ledger {
    const hint = this.#placement.locationHint;
    // A stub that has failed stays broken, so each attempt gets a new one.
    return this.#ledgers.getByName(`ledger/v1/${shard}`, hint === null ? undefined : { locationHint: hint });
  }
}

async function sharedUseOf({ sharedWith = null, attemptId }: Consumable): Promise<SharedUse | null> {
  if (sharedWith === null) return null;
  const recordDigest = await hashParts([EVENT_NAMESPACE, "", attemptId]);
  return { holder: `holder:${await digestParts(sharedWith)}`, recordKey: keyOf(recordDigest) };
}

/** @throws Outage */
function consumptionOf(result: ConsumeResult): Consumption {
  if (result === "consumed" || result === "replayed") return result;
  if (result === "fenced") return "revoked";
  throw new Outage(OUTAGES[result]);
}

const OUTAGES = {
  backlogged: "audit_backlog",
  retention_exceeded: "ledger_unavailable",
  outdated: "revocations_outdated",
  fences_unknown: "revocations_unavailable",
} as const;

function isOverloaded(error: unknown): boolean {
  return typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true;
}

function keyOf(digest: ArrayBuffer): ArrayBuffer {
  return digest.slice(0, 16);
}

/** Bytes apart from those of the key, so that a shard's keys stay evenly spread. */
function shardOf(digest: ArrayBuffer, shards: number): number {
  return new DataView(digest).getUint32(16) % shards;
}

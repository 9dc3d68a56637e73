import { LIMITS } from "../src/limits.ts";
import type { FencedFacts } from "../src/revocation/fence.ts";
import { isOurs } from "../src/revocation/fence-names.ts";
import { FenceSet, type FenceUpdate, NOTHING_HEARD, type Position } from "../src/revocation/fence-set.ts";
import { within } from "../src/revocation/within.ts";

/** `outdated`: the caller did nothing wrong, and the Worker decided by something of ours that is no longer good. */
export type FenceVerdict = "passes" | "fenced" | "outdated" | "unknown";

interface FenceSource {
  /** Asks the registry, as this ledger, what is new since, and for a lease with it. */
  readonly renewLease: (heard: Position) => Promise<FenceUpdate>;
  /** Keeps this object alive until it settles. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/**
 * What a ledger knows of revocations, and until when it may act on it. In memory alone: an object that starts anew holds
 * no lease, and so asks the registry for everything before it issues anything.
 */
export class LedgerFences {
  readonly #source: FenceSource;
  readonly #fences = new FenceSet();
  /** The least that this ledger must have heard, since it has been told that there is so much. */
  #announced: Position = NOTHING_HEARD;
  #leaseEndsAt = 0;
  #renewal: Promise<void> | null = null;

  constructor(source: FenceSource) {
    this.#source = source;
  }

  /** Before the transaction, where it may wait. In the common case there is nothing to wait for. */
  isCurrent(nowMilliseconds: number): boolean {
    return this.#hasHeardAll() && nowMilliseconds < this.#leaseEndsAt;
  }

  /** Ahead of time, so that no redemption waits for it. */
  renewWhenDue(nowMilliseconds: number): void {
    const age = LIMITS.fenceLeaseMilliseconds - (this.#leaseEndsAt - nowMilliseconds);
    if (age < LIMITS.fenceRenewalMilliseconds && this.#hasHeardAll()) return;
    this.#source.waitUntil(this.#renewOnce().catch(() => undefined));
  }

  /** As far as the registry answers; `judge` has the last word on whether it did. */
  async becomeCurrent(): Promise<void> {
    for (let attempt = 1; attempt <= LIMITS.ledgerAttempts && !this.isCurrent(Date.now()); attempt += 1) {
      // oxlint-disable-next-line no-await-in-loop -- more may be announced while we listen
      await this.#renewOnce().catch(() => undefined);
    }
  }

  /** One at a time for the whole ledger. @throws when the registry does not answer */
  #renewOnce(): Promise<void> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** From now on nothing is decided by less than this. */
  announce(position: Position): void {
    const isNewer = position.epoch !== this.#announced.epoch || position.version > this.#announced.version;
    if (isNewer) this.#announced = position;
    this.renewWhenDue(Date.now());
  }

  /** In the transaction, in one turn with it. */
  judge(facts: FencedFacts, nowMilliseconds: number): FenceVerdict {
    if (!this.isCurrent(nowMilliseconds)) return "unknown";
    const fence = this.#fences.find(facts);
    if (fence === null) return "passes";
    return isOurs(fence.name) ? "outdated" : "fenced";
  }

  async #renew(): Promise<void> {
    let update: FenceUpdate;
    let askedAt: number;
    do {
      // Counted from before the question: the registry counts from after it, so that it never thinks a lease shorter.
      askedAt = Date.now();
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      update = await within(LIMITS.fenceRegistryMilliseconds, this.#source.renewLease(this.#fences.position));
      this.#fences.merge(update);
    } while (!update.isLast);
    this.#fences.dropExpired(askedAt);
    this.#leaseEndsAt = askedAt + LIMITS.fenceLeaseMilliseconds;
    // A registry that lost its storage counts anew, and what the old one announced will never be reached.
    if (this.#announced.epoch !== this.#fences.position.epoch) this.#announced = this.#fences.position;
  }

  #hasHeardAll(): boolean {
    const { epoch, version } = this.#fences.position;
    return epoch === this.#announced.epoch && version >= this.#announced.version;
  }
}

import { log } from "../src/audit/operator-log.ts";
import { LIMITS } from "../src/limits.ts";
import { isFresh, isReplaceable } from "../src/vault/kept-grant.ts";
import {
  type Acquired,
  type AcquiredToken,
  AcquisitionEnded,
  type NotAcquired,
  type TokenAsked,
} from "./acquisition.ts";
import { backoffMilliseconds } from "./backoff.ts";

interface Failure {
  readonly ended: NotAcquired;
  readonly failures: number;
  readonly untilMilliseconds: number;
}

/**
 * Tokens of one owner: each asked for by one at a time, kept in memory until shortly before it expires, and given out
 * again to whoever comes meanwhile. What could not be had is not asked for again at once either.
 */
export class TokenAcquisition {
  readonly #acquire: (asked: TokenAsked) => Promise<AcquiredToken>;
  readonly #tokens = new Map<string, AcquiredToken>();
  readonly #failures = new Map<string, Failure>();
  readonly #flights = new Map<string, Promise<Acquired>>();
  #epoch = 0;

  constructor(acquire: (asked: TokenAsked) => Promise<AcquiredToken>) {
    this.#acquire = acquire;
  }

  async acquire(asked: TokenAsked): Promise<Acquired> {
    const key = keyOf(asked);
    const now = Date.now();
    const kept = this.#tokens.get(key);
    if (kept !== undefined && isFresh(kept, now) && !(asked.isRefused && isReplaceable(kept, now))) {
      return { outcome: "acquired", ...kept };
    }
    const failure = this.#failures.get(key);
    if (failure !== undefined && now < failure.untilMilliseconds) return failure.ended;
    return this.#flights.get(key) ?? this.#begin(key, asked);
  }

  /** Everything that was in memory, and whatever is on its way. */
  forget(): void {
    this.#epoch += 1;
    for (const map of [this.#tokens, this.#failures, this.#flights]) map.clear();
  }

  #begin(key: string, asked: TokenAsked): Promise<Acquired> {
    const flight = this.#fly(key, asked).finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    this.#flights.set(key, flight);
    return flight;
  }

  async #fly(key: string, asked: TokenAsked): Promise<Acquired> {
    const epoch = this.#epoch;
    try {
      const token = await this.#acquire(asked);
      // It was asked for on behalf of somebody who has since been revoked, or has connected anew.
      if (epoch !== this.#epoch) return { outcome: "refused", reason: "connection_required" };
      this.#failures.delete(key);
      // What a grant's record keeps is the record's to give out.
      if (asked.credential.type !== "authorization_code") remember(this.#tokens, key, token);
      return { outcome: "acquired", ...token };
    } catch (error) {
      if (!(error instanceof AcquisitionEnded)) throw error;
      if (epoch === this.#epoch) this.#fail(key, error);
      report(asked, error);
      return error.ended;
    }
  }

  #fail(key: string, { ended }: AcquisitionEnded): void {
    this.#tokens.delete(key);
    const failures = (this.#failures.get(key)?.failures ?? 0) + 1;
    const pause =
      ended.outcome === "unavailable" ? backoffMilliseconds(failures) : LIMITS.acquisitionCooldownSeconds * 1000;
    remember(this.#failures, key, { ended, failures, untilMilliseconds: Date.now() + pause });
  }
}

/** A document that has changed asks for another token, and so does a caller of whom something else is said. */
function keyOf({ issuer, resource, resourceRevision, identity }: TokenAsked): string {
  return JSON.stringify([issuer, resource, resourceRevision, identity?.says ?? null]);
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > LIMITS.upstreamTokensPerVault && oldest !== undefined) map.delete(oldest);
}

/** For who administers the server: that nobody has connected yet is nothing to see to. */
function report({ resource, credential }: TokenAsked, { ended, flaw }: AcquisitionEnded): void {
  if (ended.reason === "connection_required") return;
  const { reason } = ended;
  log({ event: "upstream_token_not_acquired", resource, type: credential.type, reason, flaw: flaw ?? "none" });
}

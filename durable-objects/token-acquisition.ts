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

/** What is known of one token, and who is under way for it. */
interface Entry {
  readonly asked: TokenAsked;
  token: AcquiredToken | null;
  failure: Failure | null;
  flight: Promise<Acquired> | null;
  /** Whether whatever it rests on has been revoked or connected anew since. */
  isForgotten: boolean;
}

/**
 * Tokens of one owner: each asked for by one at a time, kept in memory until shortly before it expires, and given out
 * again to whoever comes meanwhile. What could not be had is not asked for again at once either.
 */
export class TokenAcquisition {
  readonly #acquire: (asked: TokenAsked) => Promise<AcquiredToken>;
  readonly #entries = new Map<string, Entry>();

  constructor(acquire: (asked: TokenAsked) => Promise<AcquiredToken>) {
    this.#acquire = acquire;
  }

  async acquire(asked: TokenAsked): Promise<Acquired> {
    const entry = this.#entryFor(asked);
    const { token, failure, flight } = entry;
    const now = Date.now();
    if (token !== null && isFresh(token, now) && !(asked.isRefused && isReplaceable(token, now))) {
      return { outcome: "acquired", ...token };
    }
    if (failure !== null && now < failure.untilMilliseconds) return failure.ended;
    return flight ?? this.#begin(entry, asked);
  }

  /** What was in memory, and whatever is on its way, of all that rests on what is gone. */
  forget(isGone: (asked: TokenAsked) => boolean): void {
    for (const [key, entry] of this.#entries) {
      if (!isGone(entry.asked)) continue;
      entry.isForgotten = true;
      this.#entries.delete(key);
    }
  }

  #entryFor(asked: TokenAsked): Entry {
    const key = keyOf(asked);
    const entry = this.#entries.get(key) ?? { asked, token: null, failure: null, flight: null, isForgotten: false };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > LIMITS.upstreamTokensPerVault && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  #begin(entry: Entry, asked: TokenAsked): Promise<Acquired> {
    const flight = this.#fly(entry, asked).finally(() => {
      entry.flight = null;
    });
    entry.flight = flight;
    return flight;
  }

  async #fly(entry: Entry, asked: TokenAsked): Promise<Acquired> {
    try {
      const token = await this.#acquire(asked);
      // It was asked for on behalf of somebody who has since been revoked, or has connected anew.
      if (entry.isForgotten) return { outcome: "refused", reason: "connection_required" };
      entry.failure = null;
      // What a grant's record keeps is the record's to give out.
      if (asked.credential.type !== "authorization_code") entry.token = token;
      return { outcome: "acquired", ...token };
    } catch (error) {
      if (!(error instanceof AcquisitionEnded)) throw error;
      fail(entry, error);
      report(asked, error);
      return error.ended;
    }
  }
}

function fail(entry: Entry, { ended }: AcquisitionEnded): void {
  const failures = (entry.failure?.failures ?? 0) + 1;
  const pause =
    ended.outcome === "unavailable" ? backoffMilliseconds(failures) : LIMITS.acquisitionCooldownSeconds * 1000;
  entry.token = null;
  entry.failure = { ended, failures, untilMilliseconds: Date.now() + pause };
}

/**
 * A document that has changed asks for another token, and so does a caller of whom something else is said. What a grant's
 * record keeps may be the very token that was refused, so who saw that waits for nobody who did not.
 */
function keyOf({ issuer, resource, resourceRevision, identity, credential, isRefused }: TokenAsked): string {
  const isAnother = credential.type === "authorization_code" && isRefused;
  return JSON.stringify([issuer, resource, resourceRevision, identity?.says ?? null, isAnother]);
}

/** For who administers the server: that nobody has connected yet is nothing to see to. */
function report({ resource, credential }: TokenAsked, { ended, flaw }: AcquisitionEnded): void {
  if (ended.reason === "connection_required") return;
  const { reason } = ended;
  log({ event: "upstream_token_not_acquired", resource, type: credential.type, reason, flaw: flaw ?? "none" });
}

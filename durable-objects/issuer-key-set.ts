import { DurableObject } from "cloudflare:workers";
import { serializeAuditEvent } from "../src/audit/audit-event.ts";
import { log } from "../src/audit/operator-log.ts";
import { parseConfig } from "../src/config.ts";
import { FetchFailed, type FetchFlaw, fetchText } from "../src/egress/bounded-fetch.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { readVerificationKey, type VerificationKey } from "../src/jwt/json-web-key.ts";
import { AmbiguousJson, parseStrictObject } from "../src/jwt/strict-json.ts";
import { LIMITS } from "../src/limits.ts";
import { backoffMilliseconds } from "./backoff.ts";
import { type KeySetChange, keySetEvent } from "./key-set-record.ts";
import { LedgerShards } from "./ledger-shards.ts";

export interface KeySetRequest {
  readonly jwksUri: string;
  readonly rules: EgressRules;
  /** A key id that the caller's copy lacks: worth a fetch even while this one is fresh, once a cool-down. */
  readonly wantedKeyId: string | null;
}

export interface FetchedKeySet {
  readonly keys: VerificationKey[];
  readonly fetchedAtMilliseconds: number;
}

/** 0 for what never happened. */
export interface KeySetState {
  readonly keys: number;
  readonly fetchedAtMilliseconds: number;
  readonly attemptedAtMilliseconds: number;
  readonly failures: number;
}

interface State {
  readonly jwksUri: string;
  readonly fetched: FetchedKeySet | null;
  readonly attemptedAtMilliseconds: number;
  readonly failures: number;
}

/** By URL: while KV spreads an edit, some ask for the old one and some for the new, and neither resets the other. */
function stateKey(jwksUri: string): string {
  return `state:${jwksUri}`;
}

/**
 * The keys of one identity provider (or of one client), and the only place from which its key set URL is contacted. One
 * owner means one cool-down and one back-off for the whole world: with a copy in each isolate, 50 cold isolates fetch 50
 * times and a dead endpoint is asked once for every token.
 */
export class IssuerKeySet extends DurableObject<Env> {
  #inFlight: Promise<State> | null = null;

  /** @returns null when there are no keys that are fresh enough to rely on: an outage, not a refusal. */
  async find(request: KeySetRequest): Promise<FetchedKeySet | null> {
    const now = Date.now();
    const state = this.#read(request.jwksUri);
    const current = isDue(state, request, now) ? await this.#refresh(request) : state;
    return isWithin(current.fetched?.fetchedAtMilliseconds, now, LIMITS.keySetStaleSeconds) ? current.fetched : null;
  }

  /** For whoever wants to know how it stands; asks nobody. */
  status(jwksUri: string): KeySetState {
    const { fetched, attemptedAtMilliseconds, failures } = this.#read(jwksUri);
    const fetchedAtMilliseconds = fetched?.fetchedAtMilliseconds ?? 0;
    return { keys: fetched?.keys.length ?? 0, fetchedAtMilliseconds, attemptedAtMilliseconds, failures };
  }

  /** A record that names another URL starts from nothing: the keys of the old one are no longer this issuer's. */
  #read(jwksUri: string): State {
    const stored = this.ctx.storage.kv.get<State>(stateKey(jwksUri));
    return stored ?? { jwksUri, fetched: null, attemptedAtMilliseconds: 0, failures: 0 };
  }

  /** This URL's and the last one's before it: an owner that names a new one with each edit fills no storage. */
  #keep(state: State): void {
    const { kv } = this.ctx.storage;
    kv.put(stateKey(state.jwksUri), state);
    const others = [...kv.list<State>({ prefix: stateKey("") })].filter(([, { jwksUri }]) => jwksUri !== state.jwksUri);
    const latestFirst = others.toSorted(
      ([, one], [, other]) => other.attemptedAtMilliseconds - one.attemptedAtMilliseconds,
    );
    for (const [key] of latestFirst.slice(1)) kv.delete(key);
  }

  /** Single flight. Whoever meanwhile asks for another URL, after an edit, waits and then has its own fetched. */
  async #refresh(request: KeySetRequest): Promise<State> {
    const begun = this.#inFlight ?? this.#fetch(request);
    this.#inFlight = begun;
    const state = await begun.finally(() => {
      if (this.#inFlight === begun) this.#inFlight = null;
    });
    return state.jwksUri === request.jwksUri ? state : this.#refresh(request);
  }

  async #fetch({ jwksUri, rules }: KeySetRequest): Promise<State> {
    const before = this.#read(jwksUri);
    const attemptedAtMilliseconds = Date.now();
    const keys = await fetchKeys(jwksUri, rules);
    // At most once a back-off or cool-down. The URL is an administrator's; its query may hold what is nobody else's.
    if (!Array.isArray(keys)) log({ event: "key_set_fetch_failed", jwks_uri: withoutQuery(jwksUri), flaw: keys });
    const state: State = !Array.isArray(keys)
      ? { ...before, attemptedAtMilliseconds, failures: before.failures + 1 }
      : { jwksUri, attemptedAtMilliseconds, failures: 0, fetched: { keys, fetchedAtMilliseconds: Date.now() } };
    this.#keep(state);
    const change = { before: before.fetched?.keys ?? null, failuresBefore: before.failures, fetched: keys };
    this.ctx.waitUntil(this.#record({ owner: this.ctx.id.name ?? "", ...change }));
    return state;
  }

  /** Beside the answer: a token is not kept waiting for the record of a key set, and a crash here can lose it. */
  async #record(change: KeySetChange): Promise<void> {
    const event = keySetEvent(change, Date.now());
    if (event === null) return;
    try {
      const ledger = new LedgerShards(this.env.ASSERTION_LEDGER, parseConfig(this.env).ledger);
      await ledger.record(event.id, serializeAuditEvent(event));
    } catch {
      log({ event: "key_set_unrecorded", document: change.owner });
    }
  }
}

/** A known key of a fresh set waits for nobody. An unknown one is worth a fetch a cool-down, whatever the last brought. */
function isDue(state: State, { wantedKeyId }: KeySetRequest, now: number): boolean {
  const isFresh = isWithin(state.fetched?.fetchedAtMilliseconds, now, LIMITS.keySetFreshSeconds);
  const isKnown = wantedKeyId === null || state.fetched?.keys.some((key) => key.kid === wantedKeyId) === true;
  if (isFresh && isKnown) return false;
  const pauses = [backoffMilliseconds(state.failures), isFresh ? LIMITS.keySetCooldownSeconds * 1000 : 0];
  return now - state.attemptedAtMilliseconds >= Math.max(...pauses);
}

function isWithin(since: number | undefined, now: number, seconds: number): boolean {
  return since !== undefined && now - since < seconds * 1000;
}

/** Why there are no new keys: what an operator needs to know, and no word of what the other side said. */
type KeySetFlaw =
  | Exclude<FetchFlaw, "status">
  | `status_${number}xx`
  | "not_json"
  | "no_keys"
  | "no_usable_key"
  | "too_many_keys"
  | "fault";

/** @returns a flaw when the set cannot be had or holds no usable key: what we had before is better than nothing. */
async function fetchKeys(jwksUri: string, rules: EgressRules): Promise<VerificationKey[] | KeySetFlaw> {
  try {
    const bounds = { bytes: LIMITS.keySetBytes, milliseconds: LIMITS.keyFetchMilliseconds, rules };
    const { keys } = parseStrictObject(await fetchText(jwksUri, bounds), KEY_SET_BOUNDS);
    if (!Array.isArray(keys)) return "no_keys";
    const usable = keys.map((key) => readVerificationKey(key)).filter((key) => typeof key !== "string");
    if (usable.length === 0) return "no_usable_key";
    return usable.length <= LIMITS.keysPerSet ? usable : "too_many_keys";
  } catch (error) {
    return flawOf(error);
  }
}

function flawOf(error: unknown): KeySetFlaw {
  if (error instanceof AmbiguousJson) return "not_json";
  if (!(error instanceof FetchFailed)) return "fault";
  return error.flaw === "status" ? `status_${Math.floor((error.status ?? 0) / 100)}xx` : error.flaw;
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** Certificates (`x5c`) make real key sets long, never deep. */
const KEY_SET_BOUNDS = { depth: 8, members: 4096, foldCaseDepth: 0 };

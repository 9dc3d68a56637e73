import { DurableObject } from "cloudflare:workers";
import { fetchDocument, FetchFailed, type FetchedText } from "../src/egress/bounded-fetch.ts";
import { freshnessSeconds } from "../src/egress/freshness.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { LIMITS } from "../src/limits.ts";
import { type ClientMetadata, lacksKey, readClientMetadata } from "../src/trust/client-metadata.ts";
import { backoffMilliseconds } from "./backoff.ts";
import { ClientDocumentTable, type KeptDocument } from "./client-document-table.ts";
import { FetchBudget } from "./fetch-budget.ts";

export interface ClientDocumentRequest {
  /** The document's URL; a record has admitted it. */
  readonly clientId: string;
  readonly rules: EgressRules;
  /** A key id that the caller's copy lacks: worth a fetch even while this one is fresh, once a cool-down. */
  readonly wantedKeyId: string | null;
}

export type ClientDocumentAnswer =
  | { readonly outcome: "found"; readonly metadata: ClientMetadata; readonly freshUntilMilliseconds: number }
  /** Just fetched, and not a document that can be used. */
  | { readonly outcome: "invalid" }
  /** Nobody can say: its host does not answer, or it is not time to ask again. */
  | { readonly outcome: "unavailable" };

interface Attempt {
  readonly atMilliseconds: number;
  readonly failures: number;
}

const NO_ATTEMPT: Attempt = { atMilliseconds: 0, failures: 0 };
const FRESHNESS = {
  defaultSeconds: LIMITS.clientMetadataFreshSeconds,
  minimumSeconds: LIMITS.clientMetadataFreshMinimumSeconds,
  maximumSeconds: LIMITS.clientMetadataFreshMaximumSeconds,
};

/**
 * The Client ID Metadata Documents of one origin, and the only place from which they are fetched. Whoever invents client
 * identifiers below an origin that a pattern admits makes us ask it a few times a minute, and no more; those that have
 * been good before have a budget of their own, so that the inventor cannot use it up.
 */
export class ClientDocumentSet extends DurableObject<Env> {
  readonly #documents: ClientDocumentTable;
  readonly #attempts = new Map<string, Attempt>();
  readonly #inFlight = new Map<string, Promise<ClientDocumentAnswer>>();
  readonly #budgets = { known: new FetchBudget(), unknown: new FetchBudget() };

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#documents = new ClientDocumentTable(context.storage.sql);
  }

  async find(request: ClientDocumentRequest): Promise<ClientDocumentAnswer> {
    const now = Date.now();
    const kept = this.#documents.find(request.clientId, now);
    if (kept !== null && isFresh(kept, now) && !this.#isWorthAsking(kept, request, now)) return answerFrom(kept);
    const begun = this.#inFlight.get(request.clientId);
    if (begun !== undefined) return begun;
    if (this.#mustWait(request.clientId, kept, now)) return answerFrom(kept);
    return this.#refresh(request);
  }

  #isWorthAsking(kept: KeptDocument, { clientId, wantedKeyId }: ClientDocumentRequest, now: number): boolean {
    const askedAt = Math.max(kept.fetchedAtMilliseconds, this.#attempts.get(clientId)?.atMilliseconds ?? 0);
    return lacksKey(kept.metadata, wantedKeyId) && now - askedAt >= LIMITS.keySetCooldownSeconds * 1000;
  }

  #mustWait(clientId: string, kept: KeptDocument | null, now: number): boolean {
    const { atMilliseconds, failures } = this.#attempts.get(clientId) ?? NO_ATTEMPT;
    if (now - atMilliseconds < backoffMilliseconds(failures)) return true;
    return !this.#budgets[kept === null ? "unknown" : "known"].take(now);
  }

  async #refresh(request: ClientDocumentRequest): Promise<ClientDocumentAnswer> {
    const begun = this.#fetch(request);
    this.#inFlight.set(request.clientId, begun);
    return begun.finally(() => this.#inFlight.delete(request.clientId));
  }

  async #fetch({ clientId, rules }: ClientDocumentRequest): Promise<ClientDocumentAnswer> {
    const fetched = await fetchMetadata(clientId, rules);
    const now = Date.now();
    if (typeof fetched === "string") {
      this.#remember(clientId, now, (this.#attempts.get(clientId)?.failures ?? 0) + 1);
      if (fetched === "unavailable") return answerFrom(this.#documents.find(clientId, now));
      // What its owner has taken down or spoiled is no longer what its owner says.
      this.#documents.forget(clientId);
      return { outcome: "invalid" };
    }
    this.#remember(clientId, now, 0);
    const freshUntilMilliseconds = now + freshnessSeconds(fetched.headers, now, FRESHNESS) * 1000;
    const kept = { metadata: fetched.metadata, fetchedAtMilliseconds: now, freshUntilMilliseconds };
    this.#documents.keep(clientId, kept);
    return answerFrom(kept);
  }

  #remember(clientId: string, atMilliseconds: number, failures: number): void {
    this.#attempts.delete(clientId);
    this.#attempts.set(clientId, { atMilliseconds, failures });
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > LIMITS.clientMetadataAttemptsRemembered && oldest !== undefined) {
      this.#attempts.delete(oldest);
    }
  }
}

function isFresh({ freshUntilMilliseconds }: KeptDocument, now: number): boolean {
  return now < freshUntilMilliseconds;
}

function answerFrom(kept: KeptDocument | null): ClientDocumentAnswer {
  if (kept === null) return { outcome: "unavailable" };
  const { metadata, freshUntilMilliseconds } = kept;
  return { outcome: "found", metadata, freshUntilMilliseconds };
}

interface FetchedMetadata {
  readonly metadata: ClientMetadata;
  readonly headers: Headers;
}

async function fetchMetadata(
  clientId: string,
  rules: EgressRules,
): Promise<FetchedMetadata | "invalid" | "unavailable"> {
  const bounds = { bytes: LIMITS.clientMetadataBytes, milliseconds: LIMITS.clientMetadataFetchMilliseconds, rules };
  let fetched: FetchedText;
  try {
    fetched = await fetchDocument(clientId, bounds);
  } catch (error) {
    return error instanceof FetchFailed && isAnswer(error) ? "invalid" : "unavailable";
  }
  if (!isJson(fetched.headers.get("content-type"))) return "invalid";
  const metadata = readClientMetadata(fetched.text, { clientId, rules });
  return typeof metadata === "string" ? "invalid" : { metadata, headers: fetched.headers };
}

/** Statuses by which a host says that it could not answer, not that there is no such document. */
const NOT_NOW: readonly number[] = [408, 425, 429];

function isAnswer({ flaw, status }: FetchFailed): boolean {
  return flaw !== "unreachable" && (status === null || (status < 500 && !NOT_NOW.includes(status)));
}

/** application/json or application/<something>+json (draft §4), so that no page or upload that holds JSON serves. */
function isJson(contentType: string | null): boolean {
  const [type = ""] = (contentType ?? "").split(";");
  return /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/i.test(type.trim());
}

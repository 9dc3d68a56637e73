import { Outage } from "../audit/reason.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import { LIMITS } from "../limits.ts";
import { revisionOf } from "./revision.ts";
import { DocumentInvalid, type DocumentKind, type ParsedDocument, parseTrustDocument } from "./documents.ts";

/** A document and the revision that a decision rested on: a digest of its text, so that equal texts are one revision. */
export interface Revised<Document> {
  readonly document: Document;
  readonly revision: string;
}

/** What the store reads from: KV, or anything that answers by key. */
export type ReadText = (key: string) => Promise<string | null>;

/** A document that this isolate has read differently before: whoever changed it, and by whatever road. */
export interface NoticedChange {
  readonly key: string;
  readonly before: string;
  /** null when it is gone. */
  readonly after: string | null;
}

interface Entry {
  readonly text: string;
  readonly parsed: Revised<ParsedDocument<DocumentKind>> | DocumentInvalid;
  readonly readAtMilliseconds: number;
}

interface Failure {
  readonly atMilliseconds: number;
  /** What the last-known-good copies had, for as long as KV is not asked again. */
  readonly recalled: Entry | null;
}

interface StoreOptions {
  readonly readText: ReadText;
  /** Asked when `readText` fails and this isolate has no copy of its own. */
  readonly readLastKnownGood?: ReadText;
  /** Whether this text is known to have been replaced, though `readText` may go on serving it. */
  readonly isReplaced?: (kind: DocumentKind, revision: string) => boolean;
  /** Where edits are made, and known at once. */
  readonly readCurrent?: ReadText;
  readonly rules: EgressRules;
  readonly freshSeconds?: number;
  /** Told once a reading, not once a request. */
  readonly onInvalid: (error: DocumentInvalid) => void;
  readonly onChange?: (change: NoticedChange) => void;
}

const encoder = new TextEncoder();

/**
 * Trust and policy as people last wrote them, parsed once a revision. Fresh for 30 s, since KV itself takes longer to
 * spread an edit; when KV does not answer, the last-known-good document stands in for a bounded time and then nothing
 * does. Absence is remembered apart from presence, so that asking for a million unknown names displaces no known one.
 */
export class TrustStore {
  readonly #options: StoreOptions;
  readonly #freshSeconds: number;
  readonly #present = new Map<string, Entry>();
  readonly #absent = new Map<string, number>();
  readonly #failures = new Map<string, Failure>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#freshSeconds = options.freshSeconds ?? LIMITS.trustDocumentFreshSeconds;
  }

  /**
   * @returns null when there is no such document.
   * @throws Outage trust_document_invalid when there is one and it does not parse, trust_unavailable when we cannot know
   */
  async find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Revised<ParsedDocument<Kind>> | null> {
    const key = `${kind}:${name}`;
    const read = this.#fresh(key) ?? (await this.#entry(kind, name, key));
    const entry = read !== null && this.#isReplaced(kind, read) ? await this.#renew(kind, name, read) : read;
    if (entry === null) return null;
    if (entry.parsed instanceof DocumentInvalid) throw new Outage("trust_document_invalid", { cause: entry.parsed });
    return entry.parsed as Revised<ParsedDocument<Kind>>;
  }

  /** One that does not parse governs nothing, replaced or not. */
  #isReplaced(kind: DocumentKind, { parsed }: Entry): boolean {
    return !(parsed instanceof DocumentInvalid) && this.#options.isReplaced?.(kind, parsed.revision) === true;
  }

  /**
   * From where edits are made, and relied on until the edit has spread: the old text must not come back in between.
   * @throws Outage trust_unavailable: the old text is known to be dead, so nothing is decided by it
   */
  async #renew(kind: DocumentKind, name: string, known: Entry): Promise<Entry | null> {
    const key = `${kind}:${name}`;
    const readAtMilliseconds = Date.now() + LIMITS.trustSpreadSeconds * 1000;
    const text = await this.#readCurrent(key);
    if (text === null) return this.#forget(key, known, readAtMilliseconds);
    const entry = { text, parsed: await this.#parse(kind, name, text), readAtMilliseconds };
    keep(this.#present, key, entry);
    await this.#notice(key, known, text);
    return entry;
  }

  async #readCurrent(key: string): Promise<string | null> {
    try {
      return (await this.#options.readCurrent?.(key)) ?? null;
    } catch (error) {
      throw new Outage("trust_unavailable", { cause: error });
    }
  }

  async #forget(key: string, known: Entry | undefined, atMilliseconds: number): Promise<null> {
    this.#present.delete(key);
    await this.#notice(key, known, null);
    keep(this.#absent, key, atMilliseconds);
    return null;
  }

  /** What nearly every question ends with. */
  #fresh(key: string): Entry | null {
    const known = this.#present.get(key);
    return known !== undefined && isWithin(known.readAtMilliseconds, Date.now(), this.#freshSeconds) ? known : null;
  }

  async #entry(kind: DocumentKind, name: string, key: string): Promise<Entry | null> {
    // No document can have such a name, and asking KV for it would fail and be taken for an outage.
    if (!name.isWellFormed() || encoder.encode(key).length > LIMITS.trustKeyBytes) return null;
    const now = Date.now();
    const known = this.#present.get(key);
    if (isWithin(this.#absent.get(key) ?? 0, now, this.#freshSeconds)) return null;
    const usable =
      known !== undefined && isWithin(known.readAtMilliseconds, now, LIMITS.trustDocumentStaleSeconds) ? known : null;
    const failure = this.#failures.get(key);
    // While this document cannot be read, one request in a while finds out whether it still cannot; the others do not
    // wait. Of this document alone: that one is slow says nothing of the next.
    if (isWithin(failure?.atMilliseconds ?? 0, now, LIMITS.trustRetrySeconds))
      return orOutage(usable ?? failure?.recalled);
    try {
      const entry = await this.#read(kind, name, known);
      this.#failures.delete(key);
      return entry;
    } catch (error) {
      const recalled = usable === null ? await this.#recall(kind, name, [known, failure?.recalled]) : null;
      keep(this.#failures, key, { atMilliseconds: now, recalled });
      return orOutage(usable ?? recalled, error);
    }
  }

  /**
   * Not kept as this isolate's own: it has its age from the cache it comes from, and expires there. What the same text
   * was parsed to is used again, and with it what was imported and compiled for it.
   */
  async #recall(
    kind: DocumentKind,
    name: string,
    before: readonly (Entry | null | undefined)[],
  ): Promise<Entry | null> {
    const text = await this.#options.readLastKnownGood?.(`${kind}:${name}`).catch(() => null);
    if (text === null || text === undefined) return null;
    const parsed = before.find((entry) => entry?.text === text)?.parsed ?? (await this.#parse(kind, name, text));
    return { text, parsed, readAtMilliseconds: 0 };
  }

  async #read(kind: DocumentKind, name: string, known: Entry | undefined): Promise<Entry | null> {
    const key = `${kind}:${name}`;
    const text = await this.#options.readText(key);
    const readAtMilliseconds = Date.now();
    if (text === null) return this.#forget(key, known, readAtMilliseconds);
    this.#absent.delete(key);
    // The same text keeps the same parsed value, and with it the keys that were imported for it.
    const parsed = known?.text === text ? known.parsed : await this.#parse(kind, name, text);
    const entry = { text, parsed, readAtMilliseconds };
    keep(this.#present, key, entry);
    await this.#notice(key, known, text);
    return entry;
  }

  async #notice(key: string, known: Entry | undefined, text: string | null): Promise<void> {
    if (known === undefined || known.text === text) return;
    const [before, after] = await Promise.all([revisionOf(known.text), text === null ? null : revisionOf(text)]);
    this.#options.onChange?.({ key, before, after });
  }

  async #parse(kind: DocumentKind, name: string, text: string): Promise<Entry["parsed"]> {
    try {
      const document = parseTrustDocument(kind, { name, text }, this.#options.rules);
      return { document, revision: await revisionOf(text) };
    } catch (error) {
      if (!(error instanceof DocumentInvalid)) throw error;
      this.#options.onInvalid(error);
      return error;
    }
  }
}

function orOutage(entry: Entry | null | undefined, cause?: unknown): Entry {
  if (entry === null || entry === undefined) throw new Outage("trust_unavailable", { cause });
  return entry;
}

function isWithin(since: number, now: number, seconds: number): boolean {
  return now - since < seconds * 1000;
}

/** Oldest out first. */
function keep<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  cache.delete(key);
  cache.set(key, value);
  const [oldest] = cache.keys();
  if (cache.size > LIMITS.trustDocumentsCached && oldest !== undefined) cache.delete(oldest);
}

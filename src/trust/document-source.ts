import { withinDeadline } from "../egress/deadline.ts";
import { LIMITS } from "../limits.ts";

/** The part of a named cache that is used here. */
export type DocumentCache = Pick<Cache, "match" | "put" | "delete">;

interface SourceOptions {
  readonly readText: (key: string) => Promise<string | null>;
  readonly openCache: () => Promise<DocumentCache>;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/**
 * Where documents come from: KV, and beside it, for when KV does not answer, the last copy that this location read. The
 * copies live in a named cache of the edge, which outlives isolates, has no part in KV's fate, and unlike the default
 * cache answers to no URL from outside. They expire by themselves.
 */
export class DocumentSource {
  readonly #options: SourceOptions;
  readonly #kept = new Map<string, { readonly text: string; readonly atMilliseconds: number }>();

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** @throws when KV fails or takes longer than anyone would wait for a token */
  async read(key: string): Promise<string | null> {
    const text = await withinDeadline(this.#options.readText(key), LIMITS.trustReadMilliseconds);
    this.#options.waitUntil(this.#remember(key, text).catch(() => undefined));
    return text;
  }

  async readLastKnownGood(key: string): Promise<string | null> {
    const cache = await this.#options.openCache();
    const response = await cache.match(addressOf(key));
    return response === undefined ? null : response.text();
  }

  /**
   * Renewed well before it expires, and not at each reading; but a changed text at once, and one that is gone forgotten
   * at once, whoever kept it: or an outage would bring back what somebody has just taken away.
   */
  async #remember(key: string, text: string | null): Promise<void> {
    const now = Date.now();
    if (text === null) {
      this.#kept.delete(key);
      await (await this.#options.openCache()).delete(addressOf(key));
      return;
    }
    const kept = this.#kept.get(key);
    const isRecent = now - (kept?.atMilliseconds ?? 0) < LIMITS.trustCopyRenewalSeconds * 1000;
    if (isRecent && kept?.text === text) return;
    if (this.#kept.size >= LIMITS.trustDocumentsCached) this.#kept.clear();
    this.#kept.set(key, { text, atMilliseconds: now });
    const headers = { "cache-control": `max-age=${LIMITS.trustDocumentStaleSeconds}` };
    await (await this.#options.openCache()).put(addressOf(key), new Response(text, { headers }));
  }
}

/** A URL that is only a name: nobody resolves it. */
function addressOf(key: string): string {
  return `https://documents.invalid/${encodeURIComponent(key)}`;
}

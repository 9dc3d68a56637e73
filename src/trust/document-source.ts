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
  readonly #keptAtMilliseconds = new Map<string, number>();

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

  /** Renewed well before it expires, and not at each reading. A document that is gone is forgotten at once. */
  async #remember(key: string, text: string | null): Promise<void> {
    const now = Date.now();
    if (text === null) {
      if (this.#keptAtMilliseconds.delete(key)) await (await this.#options.openCache()).delete(addressOf(key));
      return;
    }
    if (now - (this.#keptAtMilliseconds.get(key) ?? 0) < LIMITS.trustCopyRenewalSeconds * 1000) return;
    if (this.#keptAtMilliseconds.size >= LIMITS.trustDocumentsCached) this.#keptAtMilliseconds.clear();
    this.#keptAtMilliseconds.set(key, now);
    const headers = { "cache-control": `max-age=${LIMITS.trustDocumentStaleSeconds}` };
    await (await this.#options.openCache()).put(addressOf(key), new Response(text, { headers }));
  }
}

/** A URL that is only a name: nobody resolves it. */
function addressOf(key: string): string {
  return `https://documents.invalid/${encodeURIComponent(key)}`;
}

async function withinDeadline<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("deadline")), milliseconds);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

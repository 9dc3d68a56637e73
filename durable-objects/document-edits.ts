import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../src/limits.ts";
import { revisionOf } from "../src/trust/revision.ts";

export interface StoredText {
  readonly text: string;
  readonly revision: string;
}

export interface EditRequest {
  readonly key: string;
  /** The revision that is to be replaced; null where there is to be none. */
  readonly expected: string | null;
  /** null removes. */
  readonly text: string | null;
}

export type EditResult = "edited" | "mismatch" | "unavailable";
export type ReadResult = StoredText | null | "unavailable";

interface LastEdit {
  readonly text: string | null;
  /** What earlier edits replaced, each until KV has surely forgotten it. */
  readonly replaced: readonly { readonly revision: string | null; readonly untilMilliseconds: number }[];
}

const LAST = "last";

/**
 * The edits of one document, one after the other: KV has no compare-and-set, and two people who edit the same revision
 * must not both believe that theirs is in force. What was written here is also what is read here, while KV still serves
 * the text before; a hand edit is neither in `replaced` nor ours, and counts as soon as KV shows it.
 */
export class DocumentEdits extends DurableObject<Env> {
  async read(key: string): Promise<ReadResult> {
    try {
      return await this.#read(key);
    } catch {
      return "unavailable";
    }
  }

  edit(request: EditRequest): Promise<EditResult> {
    // Nobody else is heard in between. It must not throw, or the object would start anew.
    return this.ctx.blockConcurrencyWhile(() => this.#edit(request).catch((): EditResult => "unavailable"));
  }

  async #read(key: string): Promise<StoredText | null> {
    const text = await this.env.TRUST_AND_POLICY.get(key, { cacheTtl: LIMITS.trustDocumentFreshSeconds });
    const stored = text === null ? null : { text, revision: await revisionOf(text) };
    const last = this.ctx.storage.kv.get<LastEdit>(LAST);
    const isReplaced = last?.replaced.some(
      ({ revision, untilMilliseconds }) => revision === (stored?.revision ?? null) && Date.now() < untilMilliseconds,
    );
    if (last === undefined || isReplaced !== true) return stored;
    return last.text === null ? null : { text: last.text, revision: await revisionOf(last.text) };
  }

  async #edit({ key, expected, text }: EditRequest): Promise<EditResult> {
    const current = await this.#read(key);
    const revision = current?.revision ?? null;
    if (revision !== expected) return "mismatch";
    const next = text === null ? null : await revisionOf(text);
    if (next === revision) return "edited";
    await (text === null ? this.env.TRUST_AND_POLICY.delete(key) : this.env.TRUST_AND_POLICY.put(key, text));
    this.#remember(text, { revision, next });
    return "edited";
  }

  #remember(text: string | null, { revision, next }: { revision: string | null; next: string | null }): void {
    const now = Date.now();
    const before = this.ctx.storage.kv.get<LastEdit>(LAST)?.replaced ?? [];
    const living = before.filter((one) => one.untilMilliseconds > now && one.revision !== next);
    const untilMilliseconds = now + LIMITS.documentReplacedSeconds * 1000;
    const replaced = [...living, { revision, untilMilliseconds }].slice(-LIMITS.editsRemembered);
    this.ctx.storage.kv.put<LastEdit>(LAST, { text, replaced });
  }
}

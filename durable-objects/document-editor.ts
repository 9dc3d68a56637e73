import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import type { DocumentEdits, EditRequest, EditResult, ReadResult, StoredText } from "./document-edits.ts";

export interface DocumentPage {
  readonly documents: readonly (StoredText & { readonly key: string })[];
  /** Where the next page begins; null at the end. */
  readonly cursor: string | null;
}

interface EditorOptions {
  readonly edits: DurableObjectNamespace<DocumentEdits>;
  readonly documents: Pick<KVNamespace, "list">;
  readonly placement: LedgerPlacement;
}

/** The Worker's side of editing trust and policy: each document has one place where its edits queue up. */
export class DocumentEditor {
  readonly #edits: DurableObjectNamespace<DocumentEdits>;
  readonly #documents: Pick<KVNamespace, "list">;

  constructor({ edits, documents, placement }: EditorOptions) {
    this.#edits = placement.jurisdiction === null ? edits : edits.jurisdiction(placement.jurisdiction);
    this.#documents = documents;
  }

  /** @throws Outage trust_unavailable */
  async read(key: string): Promise<StoredText | null> {
    const result = await this.#ask<ReadResult>(key, (edits) => edits.read(key));
    if (result === "unavailable") throw new Outage("trust_unavailable");
    return result;
  }

  /** @throws Outage trust_unavailable */
  async edit(request: EditRequest): Promise<"edited" | "mismatch"> {
    const result = await this.#ask<EditResult>(request.key, (edits) => edits.edit(request));
    if (result === "unavailable") throw new Outage("trust_unavailable");
    return result;
  }

  /** By key. A page may be short, even empty, before the last. @throws Outage trust_unavailable */
  async list(prefix: string, cursor: string | null): Promise<DocumentPage> {
    const page = await this.#documents
      .list({ prefix, cursor, limit: LIMITS.documentsPerPage })
      .catch((error: unknown) => {
        throw new Outage("trust_unavailable", { cause: error });
      });
    const read = await Promise.all(page.keys.map(async ({ name: key }) => ({ key, found: await this.read(key) })));
    return {
      documents: read.flatMap(({ key, found }) => (found === null ? [] : [{ key, ...found }])),
      cursor: page.list_complete ? null : page.cursor,
    };
  }

  async #ask<Answer>(key: string, ask: (edits: DurableObjectStub<DocumentEdits>) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.#edits.getByName(`document/v1/${key}`));
    } catch (error) {
      throw new Outage("trust_unavailable", { cause: error });
    }
  }
}

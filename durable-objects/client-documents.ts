import { Outage } from "../src/audit/reason.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { LIMITS } from "../src/limits.ts";
import { type ClientMetadata, lacksKey } from "../src/trust/client-metadata.ts";
import type { ClientDocumentAnswer, ClientDocumentSet } from "./client-document-set.ts";

interface Copy {
  readonly metadata: ClientMetadata;
  readonly askAgainAtMilliseconds: number;
}

/** The Worker's side of the metadata documents: this isolate's copies of those that are good. */
export class ClientDocuments {
  readonly #documentSets: DurableObjectNamespace<ClientDocumentSet>;
  readonly #rules: EgressRules;
  readonly #copies = new Map<string, Copy>();

  constructor(documentSets: DurableObjectNamespace<ClientDocumentSet>, rules: EgressRules) {
    this.#documentSets = documentSets;
    this.#rules = rules;
  }

  /** @returns null for a document that cannot be used. @throws Outage client_metadata_unavailable */
  async find(clientId: string, wantedKeyId: string | null): Promise<ClientMetadata | null> {
    const copy = this.#copies.get(clientId);
    const isCurrent = copy !== undefined && Date.now() < copy.askAgainAtMilliseconds;
    if (isCurrent && !lacksKey(copy.metadata, wantedKeyId)) return copy.metadata;
    const answer = await this.#ask(clientId, wantedKeyId);
    if (answer.outcome === "unavailable") throw new Outage("client_metadata_unavailable");
    if (answer.outcome === "found") return this.#keep(clientId, answer);
    this.#copies.delete(clientId);
    return null;
  }

  async #ask(clientId: string, wantedKeyId: string | null): Promise<ClientDocumentAnswer> {
    try {
      const owner = this.#documentSets.getByName(new URL(clientId).origin);
      return await owner.find({ clientId, wantedKeyId, rules: this.#rules });
    } catch (error) {
      throw new Outage("client_metadata_unavailable", { cause: error });
    }
  }

  #keep(clientId: string, found: Extract<ClientDocumentAnswer, { outcome: "found" }>): ClientMetadata {
    const known = this.#copies.get(clientId)?.metadata;
    // What did not change stays the same object, and with it the keys that were imported for it.
    const metadata = JSON.stringify(known) === JSON.stringify(found.metadata) && known ? known : found.metadata;
    const soonest = Date.now() + LIMITS.keySetStaleCopyMilliseconds;
    this.#copies.delete(clientId);
    this.#copies.set(clientId, {
      metadata,
      askAgainAtMilliseconds: Math.max(found.freshUntilMilliseconds, soonest),
    });
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > LIMITS.clientMetadataCached && oldest !== undefined) this.#copies.delete(oldest);
    return metadata;
  }
}

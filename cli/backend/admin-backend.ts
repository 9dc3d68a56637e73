import * as z from "zod";
import { type HealthFinding, healthFindingSchema } from "../../src/admin/health-finding.ts";
import { CommandError } from "../command-error.ts";
import type { AdminClient } from "./admin-client.ts";
import type { AuditReader } from "./audit-reader.ts";
import { AdminAuditReader } from "./admin-audit-reader.ts";
import { compareDocumentKeys, parseDocumentKey } from "./document-keys.ts";
import type { SignalStream, StoredDocument, TrustBackend, TrustWrites } from "./trust-backend.ts";

const pageSchema = z.object({
  documents: z.array(z.object({ key: z.string(), revision: z.string(), text: z.string() })),
  cursor: z.string().nullable(),
});
const healthSchema = z.object({ findings: z.array(healthFindingSchema) });
const changedSchema = z.object({ key: z.string() });
const instant = z.string().nullable();
const signalStreamSchema = z.object({
  issuer: z.string(),
  verified_at: instant,
  verification_state: z.string().nullable(),
  status: z.string().nullable(),
  status_reason: z.string().nullable(),
  polled_at: instant,
  poll_failure: z.string().nullable(),
});
const streamsSchema = z.object({ signal_streams: z.array(signalStreamSchema).nullable().default(null) });

/**
 * A Crossgate by its admin API, where each change is recorded under the name of the key before it is made. What is
 * replaced is the revision that was read: somebody else's edit in between is told and not undone.
 */
export class AdminBackend implements TrustBackend {
  readonly name: string;
  readonly audit: AuditReader;
  readonly #client: AdminClient;
  readonly #revisions = new Map<string, string>();

  constructor(client: AdminClient, name: string) {
    this.name = name;
    this.#client = client;
    this.audit = new AdminAuditReader(client, name);
  }

  async readDocuments(): Promise<readonly StoredDocument[]> {
    const documents: StoredDocument[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const page: z.output<typeof pageSchema> = await this.#client.ask(
        { method: "GET", path: `/documents${query}` },
        pageSchema,
      );
      for (const { key, revision, text } of page.documents) {
        this.#revisions.set(key, revision);
        if (parseDocumentKey(key) !== null) documents.push({ key, value: text });
      }
      cursor = page.cursor;
    } while (cursor !== null);
    return documents.toSorted((a, b) => compareDocumentKeys(a.key, b.key));
  }

  /** One after the other, so that what failed is the last one that was tried. */
  async write({ put, remove }: TrustWrites): Promise<void> {
    if (this.#revisions.size === 0) await this.readDocuments();
    for (const { key, value } of put) {
      const headers = this.#condition(key);
      await this.#client.ask({ method: "PUT", path: pathOf(key), body: value, headers }, changedSchema);
    }
    for (const key of remove) {
      await this.#client.ask({ method: "DELETE", path: pathOf(key), headers: this.#condition(key) }, changedSchema);
    }
  }

  async readHealth(): Promise<readonly HealthFinding[]> {
    return (await this.#client.ask({ method: "GET", path: "/health" }, healthSchema)).findings;
  }

  async readSignalStreams(): Promise<readonly SignalStream[] | null> {
    return (await this.#client.ask({ method: "GET", path: "/status" }, streamsSchema)).signal_streams;
  }

  query(): Promise<never> {
    return Promise.reject(
      new CommandError(`${this.name} takes no statements by its admin API. Ask it by way of wrangler: --remote.`),
    );
  }

  async close(): Promise<void> {}

  #condition(key: string): Readonly<Record<string, string>> {
    const revision = this.#revisions.get(key);
    return revision === undefined ? { "if-none-match": "*" } : { "if-match": `"${revision}"` };
  }
}

function pathOf(key: string): string {
  const at = key.indexOf(":");
  return `/documents/${key.slice(0, at)}/${encodeURIComponent(key.slice(at + 1))}`;
}

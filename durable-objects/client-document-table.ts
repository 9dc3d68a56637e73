import { LIMITS } from "../src/limits.ts";
import type { ClientMetadata } from "../src/trust/client-metadata.ts";

export interface KeptDocument {
  readonly metadata: ClientMetadata;
  readonly fetchedAtMilliseconds: number;
  readonly freshUntilMilliseconds: number;
}

interface Row extends Record<string, SqlStorageValue> {
  readonly metadata: string;
  readonly fetched_at: number;
  readonly fresh_until: number;
}

const STALE_MILLISECONDS = LIMITS.clientMetadataStaleSeconds * 1000;

/**
 * The documents of one origin that were good when they were last fetched. What was not good is never in here: an error
 * that is kept outlives its mending (draft §5.2). Rows that can serve nobody any more go when a new one comes.
 */
export class ClientDocumentTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS client_document (client_id TEXT PRIMARY KEY, metadata TEXT NOT NULL, fetched_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL) WITHOUT ROWID",
    );
  }

  /** @returns null also for a copy that is too old to stand in for its host */
  find(clientId: string, nowMilliseconds: number): KeptDocument | null {
    const [row] = this.#sql.exec<Row>(
      "SELECT metadata, fetched_at, fresh_until FROM client_document WHERE client_id = ? AND fresh_until > ?",
      clientId,
      nowMilliseconds - STALE_MILLISECONDS,
    );
    if (row === undefined) return null;
    return {
      metadata: JSON.parse(row.metadata) as ClientMetadata,
      fetchedAtMilliseconds: row.fetched_at,
      freshUntilMilliseconds: row.fresh_until,
    };
  }

  keep(clientId: string, document: KeptDocument): void {
    const { metadata, fetchedAtMilliseconds, freshUntilMilliseconds } = document;
    this.#sql.exec(
      "INSERT OR REPLACE INTO client_document (client_id, metadata, fetched_at, fresh_until) VALUES (?, ?, ?, ?)",
      clientId,
      JSON.stringify(metadata),
      fetchedAtMilliseconds,
      freshUntilMilliseconds,
    );
    this.#sql.exec("DELETE FROM client_document WHERE fresh_until <= ?", fetchedAtMilliseconds - STALE_MILLISECONDS);
  }

  forget(clientId: string): void {
    this.#sql.exec("DELETE FROM client_document WHERE client_id = ?", clientId);
  }
}

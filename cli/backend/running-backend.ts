import type { HealthFinding } from "../../src/admin/health-finding.ts";
import type { AdminBackend } from "./admin-backend.ts";
import type { AuditReader } from "./audit-reader.ts";
import type { LocalBackend } from "./local-backend.ts";
import type { Row, SignalStream, StoredDocument, TrustBackend, TrustWrites } from "./trust-backend.ts";

/** A local state on which Crossgate runs: that one edits its documents, and reads its records, which it is writing. */
export class RunningBackend implements TrustBackend {
  readonly name: string;
  readonly audit: AuditReader;
  readonly #stores: LocalBackend;
  readonly #api: AdminBackend;

  constructor(stores: LocalBackend, api: AdminBackend) {
    this.name = stores.name;
    this.audit = api.audit;
    this.#stores = stores;
    this.#api = api;
  }

  readDocuments(): Promise<readonly StoredDocument[]> {
    return this.#api.readDocuments();
  }

  /** Under the name of its own key, which is recorded before the change is made. */
  write(writes: TrustWrites): Promise<void> {
    return this.#api.write(writes);
  }

  readHealth(): Promise<readonly HealthFinding[] | null> {
    return this.#api.readHealth();
  }

  readSignalStreams(): Promise<readonly SignalStream[] | null> {
    return this.#api.readSignalStreams();
  }

  query(sql: string): Promise<readonly Row[]> {
    return this.#stores.query(sql);
  }

  close(): Promise<void> {
    return this.#stores.close();
  }
}

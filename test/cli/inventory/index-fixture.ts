import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqlAuditReader } from "../../../cli/backend/audit-reader.ts";
import { PROJECT_DIRECTORY } from "../../../cli/project-paths.ts";
import {
  type AuditEvent,
  makeAuditEvent,
  serializeAuditEvent,
  traceWithoutRequest,
} from "../../../src/audit/audit-event.ts";
import { indexBatches } from "../../../src/audit/audit-index.ts";

interface Bound {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The project's migrations in SQLite as Node has it, written by the consumer's own code and read as wrangler reads. */
export class IndexFixture {
  readonly #database = new DatabaseSync(":memory:");

  constructor() {
    const directory = join(PROJECT_DIRECTORY, "migrations");
    for (const name of readdirSync(directory).toSorted()) {
      this.#database.exec(readFileSync(join(directory, name), "utf8"));
    }
  }

  get reader(): SqlAuditReader {
    return new SqlAuditReader(async (sql) => this.#database.prepare(sql).all());
  }

  async index(...events: readonly (Partial<AuditEvent> & { readonly at: string })[]): Promise<void> {
    const spelled = events.map(({ at, ...facts }) => {
      const trace = traceWithoutRequest(Date.parse(at));
      const known = { type: "redemption", decision: "granted", ...facts } as const;
      return serializeAuditEvent(makeAuditEvent(crypto.randomUUID(), trace, known));
    });
    const range = {
      chain: "ledger/v1/0/ab",
      firstSequence: 1,
      lastSequence: spelled.length,
      hash: crypto.randomUUID(),
    };
    await indexBatches(this.#store(), [{ ...range, events: spelled }]);
  }

  #store(): Parameters<typeof indexBatches>[0] {
    const store = {
      prepare: (sql: string) => ({ bind: (...values: SQLInputValue[]): Bound => ({ sql, values }) }),
      batch: async (statements: readonly Bound[]) => {
        for (const { sql, values } of statements) {
          const statement = this.#database.prepare(sql);
          // Places have 63 bits, and a statement says which row it wrote.
          statement.setReadBigInts(true);
          statement.run(...values);
        }
        return [];
      },
    };
    return store as never;
  }
}

import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { StoreHandler } from "./store-server.ts";

const parameter = z.union([z.string(), z.number(), z.null()]);
const querySchema = z.object({ sql: z.string(), params: z.array(parameter).optional() });
const requestSchema = z.union([querySchema.transform((query) => [query]), z.array(querySchema)]);

/** D1, as the runtime's binding asks it, over SQLite itself. A batch is one transaction. */
export class IndexDatabase {
  readonly #database = new DatabaseSync(":memory:");

  constructor(migrations: readonly string[]) {
    for (const migration of migrations) this.#database.exec(migration);
  }

  readonly handle: StoreHandler = ({ body }) => {
    const queries = requestSchema.parse(JSON.parse(body.toString()));
    try {
      return json(200, this.#inTransaction(queries));
    } catch (error) {
      return json(500, { success: false, error: error instanceof Error ? error.message : "failed" });
    }
  };

  /** @returns every row of a query of the harness's own. */
  read(sql: string): readonly Record<string, unknown>[] {
    return this.#database.prepare(sql).all();
  }

  #inTransaction(queries: z.output<typeof requestSchema>): readonly object[] {
    this.#database.exec("BEGIN");
    try {
      const results = queries.map(({ sql, params = [] }) => this.#database.prepare(sql).all(...params));
      this.#database.exec("COMMIT");
      const meta = { duration: 0, changes: 0, rows_read: 0, rows_written: 0 };
      return results.map((rows) => ({ success: true, results: rows, meta }));
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

function json(status: number, value: unknown): ReturnType<StoreHandler> {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

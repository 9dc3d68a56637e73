import worker, { AssertionLedger as RealLedger } from "../../src/worker.ts";

export * from "../../src/worker.ts";

/**
 * Crossgate as it is deployed, but for a door by which its ledgers are given identifiers to remember, as many as a busy
 * hour would have brought. The windows that hold them are made by the ledger itself.
 */
const LEDGER_EVENT = { version: 1, id: "", time: new Date(0).toISOString(), type: "redemption", decision: "granted" };
const readClock = Date.now.bind(Date);

interface Filling {
  readonly rows: number;
  readonly windows: number;
  readonly windowMilliseconds: number;
  readonly eventCharacters: number;
}

export class AssertionLedger extends RealLedger {
  fill({ rows, windows, windowMilliseconds, eventCharacters }: Filling): void {
    const { sql } = this.ctx.storage;
    if ([...sql.exec("SELECT number FROM ledger_window")].length === 0) this.#makeWindows(windows, windowMilliseconds);
    const tables = [...sql.exec<{ number: number }>("SELECT number FROM ledger_window")];
    for (const { number } of tables) {
      // In the order of the keys, once there are all: or each row would be written to a page of its own.
      sql.exec(
        `INSERT INTO consumed_${number} (key, attempt, sequence, event)
          WITH RECURSIVE counted (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM counted WHERE at < ?),
            made (identifier) AS MATERIALIZED (SELECT randomblob(16) FROM counted)
          SELECT identifier, ?, 0, ? FROM made ORDER BY identifier`,
        Math.ceil(rows / tables.length),
        crypto.randomUUID(),
        "x".repeat(eventCharacters),
      );
    }
  }

  /** One record in each, from the oldest that is still looked into. In one turn, so that nobody else sees this clock. */
  #makeWindows(windows: number, windowMilliseconds: number): void {
    for (let back = windows - 1; back >= 0; back -= 1) {
      Date.now = () => readClock() - back * windowMilliseconds;
      const id = crypto.randomUUID();
      this.record(crypto.getRandomValues(new Uint8Array(16)).buffer, id, JSON.stringify({ ...LEDGER_EVENT, id }));
    }
    Date.now = readClock;
  }
}

export default worker;

/** POST /fill with how much each ledger is given. */
export const control = {
  async fetch(request, env): Promise<Response> {
    const filling = await request.json<Filling>();
    const namespace = env.ASSERTION_LEDGER as unknown as DurableObjectNamespace<AssertionLedger>;
    const shards = Array.from({ length: Number(env.LEDGER_SHARDS) }, (_, shard) => `ledger/v1/${shard}`);
    await Promise.all(shards.map((name) => namespace.getByName(name).fill(filling)));
    return Response.json({ shards: shards.length });
  },
} satisfies ExportedHandler<Env>;

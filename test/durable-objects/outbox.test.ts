import { applyD1Migrations, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LedgerTables } from "../../durable-objects/ledger-tables.ts";
import { Outbox } from "../../durable-objects/outbox.ts";
import { makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { LIMITS } from "../../src/limits.ts";
import { inLedger, windowsIn } from "../support/ledgers.ts";

const START = 6_000_000 * LIMITS.ledgerWindowSeconds * 1000;
const MEMORY_ROWS = LIMITS.outboxMemoryRows;

function makeKey(): ArrayBuffer {
  return crypto.getRandomValues(new Uint8Array(16)).buffer;
}

interface Opened {
  readonly tables: LedgerTables;
  readonly outbox: Outbox;
  readonly sql: SqlStorage;
}

function inStorage(test: (opened: Opened) => void): Promise<void> {
  return inLedger(env.ASSERTION_LEDGER.getByName(crypto.randomUUID()), (_ledger, { storage }) => {
    const tables = new LedgerTables(storage.sql);
    test({ tables, outbox: new Outbox(tables), sql: storage.sql });
  });
}

/** As the ledger does it: the row is in storage when the outbox hears of it. */
function append({ tables, outbox }: Pick<Opened, "tables" | "outbox">, count: number, event = "e"): void {
  for (let at = 0; at < count; at += 1) {
    const row = { sequence: outbox.nextSequence(), event };
    tables.insert({ key: makeKey(), attempt: "a", ...row }, row.sequence, START);
    outbox.append(row);
  }
}

/** As the archive confirms. */
function markArchived({ tables, outbox }: Pick<Opened, "tables" | "outbox">, through: number): void {
  tables.writeState("archived", through);
  outbox.markArchived(through);
}

/** Reads and marks until nothing is left, `step` at a time. */
function drain({ tables, outbox }: Pick<Opened, "tables" | "outbox">, first: number, step: number): readonly number[] {
  const taken: number[] = [];
  for (let from = first; from <= outbox.last; from += step) {
    const rows = outbox.read(from, Math.min(outbox.last, from + step - 1));
    taken.push(...rows.map((row) => row.sequence));
    markArchived({ tables, outbox }, taken.at(-1) ?? 0);
  }
  return taken;
}

function countTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

describe("outbox", () => {
  it("numbers its records from one, without gaps", () =>
    inStorage(({ tables, outbox }) => {
      expect(outbox.nextSequence()).toBe(1);
      append({ tables, outbox }, 3);
      expect([outbox.nextSequence(), outbox.pending, outbox.last]).toEqual([4, 3, 3]);
    }));

  it("gives the same rows again until the archive has them", () =>
    inStorage(({ tables, outbox }) => {
      append({ tables, outbox }, 3);
      expect(outbox.read(1, 2)).toEqual(outbox.read(1, 2));
      markArchived({ tables, outbox }, 2);
      expect(outbox.read(3, 3).map((row) => row.sequence)).toEqual([3]);
      expect(outbox.pending).toBe(1);
    }));

  it("is what storage says, for whoever opens it again", () =>
    inStorage(({ tables, outbox }) => {
      append({ tables, outbox }, 5);
      markArchived({ tables, outbox }, 2);
      const again = new Outbox(tables);
      expect([again.pending, again.nextSequence()]).toEqual([3, 6]);
      append({ tables, outbox: again }, 1);
      expect(drain({ tables, outbox: again }, 3, 2)).toEqual([3, 4, 5, 6]);
    }));

  it("reads nothing from storage while all of it is in memory", () =>
    inStorage(({ tables, outbox }) => {
      const reads = vi.spyOn(tables, "readRange");
      append({ tables, outbox }, 500);
      expect(drain({ tables, outbox }, 1, 400)).toEqual(countTo(500));
      expect(reads).not.toHaveBeenCalled();
    }));

  // Cut into a batch, every number after it would stand for another record.
  it("says so when a record is missing, and skips nothing", () =>
    inStorage(({ tables, outbox, sql }) => {
      append({ tables, outbox }, 5);
      sql.exec(`DELETE FROM ${windowsIn(sql)[0]} WHERE sequence = 3`);
      const again = new Outbox(tables);
      expect(again.read(1, 2)).toHaveLength(2);
      expect(() => again.read(1, 5)).toThrow("missing");
      expect(() => again.read(3, 3)).toThrow("missing");
    }));

  // Memory is bounded, storage is the truth: at the bound and on either side of it every row comes out once, in order.
  it.each([MEMORY_ROWS - 1, MEMORY_ROWS, MEMORY_ROWS + 1, 2 * MEMORY_ROWS + 1])(
    "of %i records loses none",
    { timeout: 30_000 },
    (total) =>
      inStorage(({ tables, outbox }) => {
        append({ tables, outbox }, total);
        expect(drain({ tables, outbox }, 1, 5_000)).toEqual(countTo(total));
        expect(outbox.pending).toBe(0);
        append({ tables, outbox }, 2);
        expect(drain({ tables, outbox }, total + 1, 5_000)).toEqual([total + 1, total + 2]);
      }),
  );

  // An object has 128 MB: what waits is bounded by its size too, however few and large the records are.
  it("of more bytes than memory holds reads the rest from storage", { timeout: 30_000 }, () =>
    inStorage(({ tables, outbox }) => {
      const event = "x".repeat(LIMITS.auditEventCharacters);
      const total = Math.ceil((1.2 * LIMITS.outboxMemoryBytes) / (2 * event.length));
      const reads = vi.spyOn(tables, "readRange");
      append({ tables, outbox }, total, event);
      expect(total).toBeLessThan(MEMORY_ROWS);
      expect(drain({ tables, outbox }, 1, 400)).toEqual(countTo(total));
      expect(reads).toHaveBeenCalled();
    }),
  );

  it("keeps its order while records are added to more than memory holds", { timeout: 30_000 }, () =>
    inStorage(({ tables, outbox }) => {
      append({ tables, outbox }, MEMORY_ROWS + 10);
      expect(outbox.read(15_001, 20_010)).toHaveLength(5_010);
      append({ tables, outbox }, 10);
      expect(outbox.read(20_011, 20_020).map((row) => row.sequence)).toEqual(countTo(20_020).slice(20_010));
    }),
  );
});

/** J02: the whole way of a record, with the real queue, consumer, index and archive. */
describe("a record", () => {
  beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

  it("comes to the index and to the archive, in order", { timeout: 30_000 }, async () => {
    const name = `test/${crypto.randomUUID()}`;
    const ledger = env.ASSERTION_LEDGER.getByName(name);
    const { chain } = await ledger.status();
    const trace = {
      correlationId: crypto.randomUUID(),
      traceId: null,
      receivedAtMilliseconds: Date.now(),
      ray: null,
      colo: null,
    };
    const events = Array.from({ length: 20 }, () =>
      serializeAuditEvent(makeAuditEvent(crypto.randomUUID(), trace, { type: "redemption", decision: "granted" })),
    );
    for (const event of events) {
      await ledger.consume({
        key: makeKey(),
        attemptId: crypto.randomUUID(),
        retainUntilSeconds: Date.now() / 1000 + 300,
        event,
        fenced: null,
      });
    }
    await runDurableObjectAlarm(ledger);
    const indexed = await vi.waitFor(
      async () => {
        const query = "SELECT event FROM audit_event WHERE correlation_id = ? ORDER BY sequence";
        const { results } = await env.AUDIT_INDEX.prepare(query).bind(trace.correlationId).all<{ event: string }>();
        expect(results).toHaveLength(20);
        return results.map(({ event }) => event);
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(indexed).toEqual(events);
    const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: `events/v1/${chain}/` });
    const texts = await Promise.all(objects.map(async ({ key }) => (await env.AUDIT_ARCHIVE.get(key))?.text()));
    expect(texts.join("")).toBe(`${events.join("\n")}\n`);
    // Only then may the ledger forget them.
    await vi.waitFor(async () => expect(await ledger.status()).toMatchObject({ pending: 0, archived: 20 }), {
      timeout: 20_000,
      interval: 200,
    });
  });
});

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { LedgerTables } from "../../durable-objects/ledger-tables.ts";
import { LIMITS } from "../../src/limits.ts";
import { inLedger, windowsIn } from "../support/ledgers.ts";

const WINDOW = LIMITS.ledgerWindowSeconds * 1000;
const RETENTION = LIMITS.ledgerRetentionSeconds * 1000;
/** The beginning of a window. */
const START = 6_000_000 * WINDOW;

/** Storage as an object has it, without the object: its clock is the argument that each call takes. */
function inStorage(
  test: (tables: LedgerTables, sql: SqlStorage, storage: DurableObjectStorage) => void,
): Promise<void> {
  return inLedger(env.ASSERTION_LEDGER.getByName(crypto.randomUUID()), (_ledger, { storage }) => {
    test(new LedgerTables(storage.sql), storage.sql, storage);
  });
}

function makeKey(): ArrayBuffer {
  return crypto.getRandomValues(new Uint8Array(16)).buffer;
}

/** Rows of these sequences, each at its time. */
function insertAll(tables: LedgerTables, rows: readonly (readonly [sequence: number, at: number])[]): void {
  for (const [sequence, at] of rows) {
    tables.insert(
      { key: makeKey(), attempt: `attempt-${sequence}`, sequence, event: `event-${sequence}` },
      sequence,
      at,
    );
  }
}

function sequencesFrom(tables: LedgerTables, first: number, last = 100): readonly number[] {
  return tables.readRange(first, last).map((row) => row.sequence);
}

describe("windows", () => {
  it.each([
    ["one for all that arrives within it", [0, 1, WINDOW - 1], 1],
    ["another for what arrives after it", [0, WINDOW], 2],
    ["none where nothing arrived", [0, 5 * WINDOW], 2],
  ])("are %s", (_name, offsets, count) =>
    inStorage((tables, sql) => {
      insertAll(
        tables,
        offsets.map((offset, index) => [index + 1, START + offset]),
      );
      expect(windowsIn(sql)).toHaveLength(count);
    }),
  );

  it("are all searched for a key, and no two keys are one", () =>
    inStorage((tables) => {
      const keys = Array.from({ length: 12 }, makeKey);
      keys.forEach((key, index) => {
        expect(tables.findAttempt(key, START)).toBeNull();
        tables.insert({ key, attempt: `attempt-${index}`, sequence: index, event: "" }, index, START + index * WINDOW);
      });
      expect(keys.map((key) => tables.findAttempt(key, START))).toEqual(keys.map((_key, index) => `attempt-${index}`));
      expect(tables.findAttempt(makeKey(), START)).toBeNull();
    }));

  it("are not searched past retention, when they only wait for delivery", () =>
    inStorage((tables) => {
      const key = makeKey();
      tables.insert({ key, attempt: "one", sequence: 1, event: "" }, 1, START);
      const expiry = START + WINDOW + LIMITS.ledgerRetentionSeconds * 1000;
      expect(tables.findAttempt(key, expiry - 1)).toBe("one");
      expect(tables.findAttempt(key, expiry)).toBeNull();
    }));

  it("do not take one key twice", () =>
    inStorage((tables) => {
      const key = makeKey();
      tables.insert({ key, attempt: "one", sequence: 1, event: "" }, 1, START);
      expect(() => tables.insert({ key, attempt: "two", sequence: 2, event: "" }, 2, START)).toThrow("UNIQUE");
      expect(tables.findAttempt(key, START)).toBe("one");
    }));

  it("are found again by whoever opens the same storage", () =>
    inStorage((tables, sql) => {
      const key = makeKey();
      tables.insert({ key, attempt: "one", sequence: 1, event: "" }, 1, START);
      expect(new LedgerTables(sql).findAttempt(key, START)).toBe("one");
    }));
});

describe("what an attempt consumed and was never told", () => {
  it("is forgotten when that attempt takes it back, and of nobody else, and never with its record", () =>
    inStorage((tables) => {
      const [plain, recorded] = [makeKey(), makeKey()];
      tables.insert({ key: plain, attempt: "one", sequence: 0, event: "" }, 1, START);
      tables.insert({ key: recorded, attempt: "one", sequence: 1, event: "event-1" }, 1, START);
      tables.release(plain, "other");
      tables.release(recorded, "one");
      expect([tables.findAttempt(plain, START), tables.findAttempt(recorded, START)]).toEqual(["one", "one"]);
      tables.release(plain, "one");
      expect(tables.findAttempt(plain, START)).toBeNull();
    }));
});

describe("what waits for delivery", () => {
  it("is read in order, over the ends of windows, and no further than asked", () =>
    inStorage((tables) => {
      insertAll(
        tables,
        Array.from({ length: 20 }, (_, index) => [index + 1, START + index * (WINDOW / 2)] as const),
      );
      expect(sequencesFrom(tables, 1, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(sequencesFrom(tables, 18)).toEqual([18, 19, 20]);
      expect(sequencesFrom(tables, 21)).toEqual([]);
      expect(tables.readRange(4, 4)).toEqual([{ sequence: 4, event: "event-4" }]);
    }));

  // An object that moves to another machine may find its clock behind. A later record in an earlier window would be
  // looked for in the later one, where the numbers after it are.
  it("is in order when the clock went back over the end of a window", () =>
    inStorage((tables) => {
      insertAll(tables, [
        [1, START + WINDOW],
        [2, START],
        [3, START + WINDOW],
      ]);
      expect(sequencesFrom(tables, 1, 1)).toEqual([1]);
      expect(sequencesFrom(tables, 1, 2)).toEqual([1, 2]);
      expect(sequencesFrom(tables, 2)).toEqual([2, 3]);
    }));

  it("has nothing of rows that hold no record", () =>
    inStorage((tables) => {
      tables.insert({ key: makeKey(), attempt: "one", sequence: 0, event: "" }, 1, START);
      expect(sequencesFrom(tables, 1)).toEqual([]);
      expect(tables.lastSequence()).toBe(0);
    }));

  it("is nothing in storage that is empty", () =>
    inStorage((tables) => {
      expect([tables.readRange(1, 10), tables.lastSequence(), tables.nextExpiry()]).toEqual([[], 0, null]);
    }));
});

describe("a window is dropped", () => {
  const expiry = START + WINDOW + RETENTION;

  it.each([
    ["not before retention ends", { now: expiry - 1, archived: 1, remain: 1 }],
    ["not before the archive has it", { now: expiry * 2, archived: 0, remain: 1 }],
    ["when retention has ended and the archive has it", { now: expiry, archived: 1, remain: 0 }],
  ])("%s", (_name, { now, archived, remain }) =>
    inStorage((tables, sql) => {
      insertAll(tables, [[1, START]]);
      expect(tables.nextExpiry()).toBe(expiry);
      expect(tables.dropExpired(now, archived, 1)).toBe(remain);
      expect(windowsIn(sql)).toHaveLength(remain);
    }),
  );

  // Consumed at the very end of a window, and still within retention when the window's own 900 s are over.
  it("no sooner for what arrived last in it", () =>
    inStorage((tables) => {
      insertAll(tables, [[1, START + WINDOW - 1]]);
      expect(tables.dropExpired(START + WINDOW - 1 + RETENTION, 1, 1)).toBe(1);
    }));

  // Where the numbers of a window end is known from where the next one's begin, without looking into it.
  it("not before the last of its records is archived, however many are", () =>
    inStorage((tables) => {
      insertAll(tables, [
        [1, START],
        [2, START],
        [3, START + WINDOW],
      ]);
      expect(tables.dropExpired(expiry, 1, 3)).toBe(2);
      expect(tables.dropExpired(expiry, 2, 3)).toBe(1);
    }));

  it("and the others stay", () =>
    inStorage((tables) => {
      insertAll(tables, [
        [1, START],
        [2, START + WINDOW],
      ]);
      expect(tables.dropExpired(expiry, 2, 2)).toBe(1);
      expect(tables.nextExpiry()).toBe(expiry + WINDOW);
      expect(sequencesFrom(tables, 1)).toEqual([2]);
    }));

  it("and its last sequence number is remembered", () =>
    inStorage((tables, sql) => {
      insertAll(tables, [[41, START]]);
      tables.dropExpired(expiry, 41, 41);
      expect(tables.lastSequence()).toBe(41);
      expect(new LedgerTables(sql).lastSequence()).toBe(41);
      insertAll(tables, [[42, expiry]]);
      expect(tables.lastSequence()).toBe(42);
    }));

  // Dropped in memory and not in storage, it would stay there for good; the other way round, every request would fail.
  it("in memory only once it is dropped in storage", () =>
    inStorage((tables, sql, storage) => {
      insertAll(tables, [
        [1, START],
        [2, START + WINDOW],
      ]);
      const [, second] = windowsIn(sql);
      const original = sql.exec.bind(sql);
      const failing = vi.spyOn(sql, "exec").mockImplementation((query, ...bindings) => {
        if (query === `DROP TABLE ${second}`) throw new Error("disk full");
        return original(query, ...bindings);
      });
      expect(() => storage.transactionSync(() => tables.dropExpired(expiry * 2, 2, 2))).toThrow("disk full");
      failing.mockRestore();
      expect(windowsIn(sql)).toHaveLength(2);
      expect(sequencesFrom(tables, 1)).toEqual([1, 2]);
    }));
});

describe("reload", () => {
  it("forgets a window that a transaction took back", () =>
    inStorage((tables, _sql, storage) => {
      const fail = () =>
        storage.transactionSync(() => {
          insertAll(tables, [[1, START]]);
          throw new Error("taken back");
        });
      expect(fail).toThrow("taken back");
      tables.reload();
      expect(tables.lastSequence()).toBe(0);
      insertAll(tables, [[1, START]]);
      expect(tables.lastSequence()).toBe(1);
    }));
});

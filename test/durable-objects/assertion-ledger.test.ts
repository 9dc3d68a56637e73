import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditBatch } from "../../src/audit/audit-batch.ts";
import type { ConsumeRequest, ConsumeResult } from "../../durable-objects/assertion-ledger.ts";
import { contentOf, genesisOf, hashBatch } from "../../src/audit/audit-batch.ts";
import { recordOfReplay } from "../../src/audit/replay-record.ts";
import { LIMITS } from "../../src/limits.ts";
import { grantBy, inLedger, type LedgerStub, rowsIn, storedRows, windowsIn } from "../support/ledgers.ts";

/**
 * The clock is ours throughout: it reaches the object, and an alarm that is set by it never fires by itself, so each
 * test says when the outbox is drained.
 */
const START = Date.UTC(2031, 0, 1);
const WINDOW = LIMITS.ledgerWindowSeconds * 1000;

// A test that runs out of time goes on beside the next one, and its ledgers send into that one's queue.
vi.setConfig({ testTimeout: 60_000 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function makeLedger(): LedgerStub {
  return env.ASSERTION_LEDGER.getByName(`test/${crypto.randomUUID()}`);
}

function makeKey(): ArrayBuffer {
  return crypto.getRandomValues(new Uint8Array(16)).buffer;
}

function request(overrides: Partial<ConsumeRequest> = {}): ConsumeRequest {
  const attemptId = overrides.attemptId ?? crypto.randomUUID();
  return {
    key: makeKey(),
    attemptId,
    retainUntilSeconds: Math.floor(Date.now() / 1000) + 300,
    event: grantBy(attemptId),
    fenced: null,
    ...overrides,
  };
}

async function consume(ledger: LedgerStub, overrides: Partial<ConsumeRequest> = {}): Promise<ConsumeResult> {
  return ledger.consume(request(overrides));
}

function advance(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

function windowsOf(ledger: LedgerStub): Promise<readonly string[]> {
  return inLedger(ledger, (_ledger, { storage }) => windowsIn(storage.sql));
}

interface CapturedQueue {
  /** What the queue took, in the order in which it took it. Nothing goes further, but for what `archive` confirms. */
  readonly batches: AuditBatch[];
  readonly sequences: number[];
  fails: boolean;
  failsAfter: number;
}

function captureQueue(): CapturedQueue {
  const captured = {
    batches: [] as AuditBatch[],
    sequences: [] as number[],
    fails: false,
    failsAfter: Number.POSITIVE_INFINITY,
  };
  vi.spyOn(env.AUDIT_QUEUE, "sendBatch").mockImplementation(async (messages) => {
    if (captured.fails || captured.failsAfter <= 0) throw new Error("queue unavailable");
    captured.failsAfter -= 1;
    for (const { body } of messages) {
      const batch = body as AuditBatch;
      captured.batches.push(batch);
      captured.sequences.push(...countFrom(batch.firstSequence, batch.lastSequence));
    }
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  });
  return captured;
}

/** The archive has these, or all that was sent, and its consumer says so. */
async function archive(ledger: LedgerStub, captured: CapturedQueue, batches = captured.batches): Promise<void> {
  await ledger.confirm(batches.map(({ lastSequence, hash }) => ({ lastSequence, hash })));
}

/** One round: what is due is sent, and all that was ever sent is confirmed. */
async function deliver(ledger: LedgerStub, captured: CapturedQueue): Promise<void> {
  await runDurableObjectAlarm(ledger);
  await archive(ledger, captured);
}

function countFrom(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe("a key is consumed once", () => {
  // C01: the promise itself. C03: an await between looking and inserting let 99 of 100 rounds through.
  it("by exactly one of 200 concurrent attempts", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    const results = await Promise.all(Array.from({ length: 200 }, () => consume(ledger, { key })));
    expect(results.filter((result) => result === "consumed")).toHaveLength(1);
    expect(results.filter((result) => result === "replayed")).toHaveLength(199);
  });

  // C04: a set in memory passes the test above and fails this one.
  it.each([
    ["an eviction", (ledger: LedgerStub) => evictDurableObject(ledger)],
    ["a crash", () => abortAllDurableObjects()],
  ])("and stays consumed after %s", async (_name, lose) => {
    const [name, key] = [`test/${crypto.randomUUID()}`, makeKey()];
    const before = env.ASSERTION_LEDGER.getByName(name);
    expect(await consume(before, { key })).toBe("consumed");
    await lose(before);
    const after = env.ASSERTION_LEDGER.getByName(name);
    const results = await Promise.all(Array.from({ length: 50 }, () => consume(after, { key })));
    expect(new Set(results)).toEqual(new Set(["replayed"]));
  });

  it("whatever else is consumed between", async () => {
    const ledger = makeLedger();
    const keys = Array.from({ length: 30 }, makeKey);
    const first = await Promise.all(keys.map((key) => consume(ledger, { key })));
    const second = await Promise.all(keys.map((key) => consume(ledger, { key })));
    expect(new Set(first)).toEqual(new Set(["consumed"]));
    expect(new Set(second)).toEqual(new Set(["replayed"]));
  });

  it("through the whole of its retention, on either side of a window's end", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    captureQueue();
    advance(WINDOW - 1);
    await consume(ledger, { key });
    for (let second = 0; second <= LIMITS.ledgerRetentionSeconds; second += 60) {
      await runDurableObjectAlarm(ledger);
      expect(await consume(ledger, { key }), `after ${second} s`).toBe("replayed");
      advance(60_000);
    }
  });
});

describe("an attempt", () => {
  // §4.1: the answer may be lost after the commit; the same attempt must then get it again, and nobody else may.
  it("that is repeated gets its answer again, and writes nothing", async () => {
    const [ledger, again] = [makeLedger(), request({ attemptId: "one" })];
    expect(await ledger.consume(again)).toBe("consumed");
    expect(await ledger.consume(again)).toBe("consumed");
    await evictDurableObject(ledger);
    expect(await ledger.consume(again)).toBe("consumed");
    expect(await consume(ledger, { key: again.key, attemptId: "two" })).toBe("replayed");
    expect((await storedRows(ledger)).map(({ event }) => event)).toEqual([
      grantBy("one"),
      recordOfReplay(grantBy("two")),
    ]);
  });

  // C16: one attempt may cover one key only, or an id that leaked would be a master key.
  it("that consumed one key has no claim on another", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    await consume(ledger, { attemptId: "one" });
    await consume(ledger, { key, attemptId: "two" });
    expect(await consume(ledger, { key, attemptId: "one" })).toBe("replayed");
  });
});

describe("the record of a decision", () => {
  // J01: in the same turn as the decision, so that a crash takes both or neither.
  it("is in storage before consume returns", async () => {
    const again = request({ attemptId: "one" });
    const seen = await inLedger(makeLedger(), (ledger, { storage }) => {
      const results = [ledger.consume(again), ledger.consume({ ...again, attemptId: "two" })];
      return { results, rows: rowsIn(storage.sql) };
    });
    expect(seen.results).toEqual(["consumed", "replayed"]);
    expect(seen.rows).toEqual([
      { attempt: "one", sequence: 1, event: grantBy("one") },
      { attempt: "two", sequence: 2, event: recordOfReplay(grantBy("one")) },
    ]);
  });

  it("is none where the decision is recorded elsewhere", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    await consume(ledger, { key, attemptId: "one", event: null });
    await consume(ledger, { key, attemptId: "two", event: null });
    expect(await storedRows(ledger)).toEqual([{ attempt: "one", sequence: 0, event: "" }]);
    expect(await ledger.status()).toMatchObject({ pending: 0, archived: 0 });
  });

  it("that consumed nothing is written once for each id", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    expect(await ledger.record(key, "event-1", "refused")).toBe("recorded");
    expect(await ledger.record(key, "event-1", "refused")).toBe("recorded");
    expect(await storedRows(ledger)).toEqual([{ attempt: "event-1", sequence: 1, event: "refused" }]);
  });

  it("costs one written row, and no alarm of its own", async () => {
    const ledger = makeLedger();
    await consume(ledger);
    const counted = await inLedger(ledger, (instance, { storage }) => {
      const alarms = vi.spyOn(storage, "setAlarm");
      const statements = vi.spyOn(storage.sql, "exec");
      const requests = Array.from({ length: 100 }, () => request());
      const results = requests.map((each) => instance.consume(each));
      const cursors = statements.mock.results.map(({ value }) => value as SqlStorageCursor<never>);
      const rows = cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
      return { results: new Set(results), rows, alarms: alarms.mock.calls.length };
    });
    expect(counted).toEqual({ results: new Set(["consumed"]), rows: 100, alarms: 0 });
  });
});

describe("bounds", () => {
  it.each([
    { beyond: 0, result: "consumed", rows: 1 },
    { beyond: 1, result: "retention_exceeded", rows: 0 },
  ])("a retention $beyond s beyond the longest is $result", async ({ beyond, result, rows }) => {
    const ledger = makeLedger();
    const retainUntilSeconds = START / 1000 + LIMITS.ledgerRetentionSeconds + beyond;
    expect(await consume(ledger, { retainUntilSeconds })).toBe(result);
    expect(await storedRows(ledger)).toHaveLength(rows);
  });

  // C15, 4.3.6: no token without a record, so a full outbox stops granting, and before it writes.
  it("a full outbox stops every decision until the archive has it", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    const captured = captureQueue();
    await consume(ledger, { key });
    await inLedger(ledger, (_instance, { storage }) => {
      // As if so many had been decided before.
      const [window] = windowsIn(storage.sql);
      const before = LIMITS.outboxEvents - 1;
      storage.sql.exec(`UPDATE ${window} SET sequence = ?`, LIMITS.outboxEvents);
      storage.sql.exec("UPDATE ledger_window SET first_sequence = ?", LIMITS.outboxEvents);
      storage.sql.exec("INSERT INTO audit_batch VALUES (?, 1, '', 'hash of all before')", before);
    });
    await evictDurableObject(ledger);
    expect(await ledger.status()).toMatchObject({ pending: LIMITS.outboxEvents, archived: 0 });
    expect(await consume(ledger)).toBe("backlogged");
    expect(await consume(ledger, { key })).toBe("backlogged");
    expect(await ledger.record(makeKey(), "event-1", "refused")).toBe("backlogged");
    expect(await storedRows(ledger)).toHaveLength(1);
    await runDurableObjectAlarm(ledger);
    expect(captured.sequences).toEqual([LIMITS.outboxEvents]);
    expect(await consume(ledger)).toBe("backlogged");
    await ledger.confirm([{ lastSequence: LIMITS.outboxEvents - 1, hash: "hash of all before" }]);
    await archive(ledger, captured);
    expect(await consume(ledger)).toBe("consumed");
    expect(await consume(ledger, { key })).toBe("replayed");
  });
});

describe("a transaction that fails", () => {
  // The table of a new window is taken back with the row; a memory that still believes in it would never write again.
  it("leaves memory and storage in step", async () => {
    const ledger = makeLedger();
    const outcome = await inLedger(ledger, (instance, { storage }) => {
      const rowThatFails = request({ key: null as never });
      expect(() => instance.consume(rowThatFails)).toThrow("NOT NULL constraint failed");
      return { windows: windowsIn(storage.sql), status: instance.status() };
    });
    expect(outcome).toMatchObject({ windows: [], status: { pending: 0, archived: 0 } });
    expect(await consume(ledger, { attemptId: "one" })).toBe("consumed");
    expect(await storedRows(ledger)).toEqual([{ attempt: "one", sequence: 1, event: grantBy("one") }]);
  });

  it("loses no record that was waiting", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consume(ledger);
    await inLedger(ledger, (instance) => {
      expect(() => instance.consume(request({ key: null as never }))).toThrow("NOT NULL constraint failed");
    });
    await consume(ledger);
    await runDurableObjectAlarm(ledger);
    expect(captured.sequences).toEqual([1, 2]);
  });
});

describe("a commit that fails", () => {
  // All was written, in memory and in the transaction, and then the disk said no.
  it("takes the record back with the decision", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    const again = request({ attemptId: "one" });
    await inLedger(ledger, (instance, { storage }) => {
      const original = storage.transactionSync.bind(storage);
      vi.spyOn(storage, "transactionSync").mockImplementationOnce((work) =>
        original(() => {
          work();
          throw new Error("disk full");
        }),
      );
      expect(() => instance.consume(again)).toThrow("disk full");
      expect(instance.status()).toMatchObject({ pending: 0, archived: 0 });
    });
    expect(await ledger.consume({ ...again, attemptId: "two" })).toBe("consumed");
    await runDurableObjectAlarm(ledger);
    expect(captured.sequences).toEqual([1]);
    await archive(ledger, captured);
    expect(await ledger.status()).toMatchObject({ pending: 0, archived: 1 });
  });
});

describe("delivery", () => {
  it("takes every record to the queue once, in order, and is over when the archive has it", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let count = 0; count < 30; count += 1) await consume(ledger);
    expect(await ledger.status()).toMatchObject({ pending: 30, archived: 0 });
    await runDurableObjectAlarm(ledger);
    await runDurableObjectAlarm(ledger);
    expect(captured.sequences).toEqual(countFrom(1, 30));
    expect(await ledger.status()).toMatchObject({ pending: 30, archived: 0 });
    await archive(ledger, captured);
    expect(await ledger.status()).toMatchObject({ pending: 0, archived: 30 });
  });

  it("is set going some seconds after a record, and again by whoever wakes the object", async () => {
    const ledger = makeLedger();
    const alarm = () => inLedger(ledger, (_instance, { storage }) => storage.getAlarm());
    await consume(ledger);
    expect(await alarm()).toBe(START + LIMITS.auditDrainDelayMilliseconds);
    // J02: an alarm that was lost would strand the record for ever.
    await inLedger(ledger, (_instance, { storage }) => storage.deleteAlarm());
    await evictDurableObject(ledger);
    advance(60_000);
    expect(await alarm()).toBe(START + 60_000 + LIMITS.auditDrainDelayMilliseconds);
  });

  // J02: a throwing alarm is tried seven times in 145 s and then never again.
  it("that fails throws nothing, backs off, and delivers afterwards", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consume(ledger);
    captured.fails = true;
    const delays: number[] = [];
    for (let failure = 1; failure <= 8; failure += 1) {
      delays.push(await runAlarmAndReadDelay(ledger));
      // The count is in storage: one kept in memory starts again with every eviction.
      if (failure === 3) await evictDurableObject(ledger);
    }
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    captured.fails = false;
    await deliver(ledger, captured);
    expect(captured.sequences).toEqual([1]);
    expect(await ledger.status()).toMatchObject({ pending: 0, archived: 1 });
    captured.fails = true;
    await consume(ledger);
    expect(await runAlarmAndReadDelay(ledger)).toBe(2_000);
  });

  it("that fails is not hurried by those who go on redeeming", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consume(ledger);
    captured.fails = true;
    for (let failure = 1; failure <= 5; failure += 1) await runDurableObjectAlarm(ledger);
    await consume(ledger);
    const alarm = await inLedger(ledger, (_instance, { storage }) => storage.getAlarm());
    expect(alarm).toBe(START + 32_000);
  });

  it("that fails half-way goes on where it stopped", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    const event = "e".repeat(40_000);
    for (let count = 0; count < 10; count += 1) await consume(ledger, { event });
    captured.failsAfter = 1;
    await runDurableObjectAlarm(ledger);
    const taken = captured.sequences.length;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(10);
    captured.failsAfter = Number.POSITIVE_INFINITY;
    await drain(ledger, captured);
    expect(captured.sequences).toEqual(countFrom(1, 10));
  });

  it("of more than memory holds reads the rest from storage", { timeout: 60_000 }, async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    const total = 20_500;
    await consumeMany(ledger, total);
    await drain(ledger, captured);
    expect(captured.sequences).toEqual(countFrom(1, total));
  });

  it("of more than memory holds survives an eviction half-way", { timeout: 60_000 }, async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    const total = 21_000;
    await consumeMany(ledger, total);
    for (let alarms = 0; alarms < 3; alarms += 1) await runDurableObjectAlarm(ledger);
    await evictDurableObject(ledger);
    await consumeMany(ledger, 10);
    await drain(ledger, captured);
    expect(captured.sequences).toEqual(countFrom(1, total + 10));
  });
});

/** 4.3.3: what the queue has taken may still be lost, for days or for good. Only the archive's word ends a delivery. */
describe("what the archive does not confirm", () => {
  const later = LIMITS.auditResendMilliseconds;

  it("is sent again, the same to the byte, and more seldom each time", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let count = 0; count < 3; count += 1) await consume(ledger);
    await runDurableObjectAlarm(ledger);
    const [sent] = captured.batches;
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const before = captured.batches.length;
      let waited = 0;
      for (; captured.batches.length === before && waited < 3_600_000; waited += later) {
        advance(later);
        await runDurableObjectAlarm(ledger);
        // What follows it is no reason to send it sooner, nor is an eviction to forget how often and when it was.
        if (round >= 4) await evictDurableObject(ledger);
        await consume(ledger, { event: null });
      }
      waits.push(waited);
      expect(captured.batches.at(-1)).toEqual(sent);
    }
    expect(waits[0]).toBe(later);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LIMITS.auditResendMaximumMilliseconds + 2 * later);
    expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0);
  });

  it("is sent again after an eviction with the boundaries that it had, whatever came meanwhile", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consume(ledger);
    await consume(ledger);
    await runDurableObjectAlarm(ledger);
    await evictDurableObject(ledger);
    await consume(ledger);
    advance(LIMITS.auditDrainDelayMilliseconds);
    await runDurableObjectAlarm(ledger);
    const ranges = captured.batches.map(({ firstSequence, lastSequence }) => [firstSequence, lastSequence]);
    expect(ranges).toEqual([
      [1, 2],
      [1, 2],
      [3, 3],
    ]);
    expect(captured.batches[1]).toEqual(captured.batches[0]);
  });

  it("is all kept, and the watermark stays before the first that is missing", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let count = 0; count < 4; count += 1) {
      await consume(ledger);
      await runDurableObjectAlarm(ledger);
    }
    const [first, second, third, fourth] = captured.batches;
    if (!first || !second || !third || !fourth) throw new Error("four batches were sent");
    await archive(ledger, captured, [fourth, second]);
    expect(await ledger.status()).toMatchObject({ archived: 0, pending: 4 });
    await archive(ledger, captured, [first]);
    expect(await ledger.status()).toMatchObject({ archived: 2, pending: 2 });
    await archive(ledger, captured, [first, third]);
    expect(await ledger.status()).toMatchObject({ archived: 4, pending: 0 });
  });

  it("is not what somebody else confirms: another hash, another range, what was never cut", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consume(ledger);
    await runDurableObjectAlarm(ledger);
    const hash = captured.batches[0]?.hash ?? "";
    await ledger.confirm([
      { lastSequence: 1, hash: "0".repeat(64) },
      { lastSequence: 2, hash },
      { lastSequence: 9, hash },
    ]);
    expect(await ledger.status()).toMatchObject({ archived: 0, pending: 1 });
  });

  it("does not fill the queue: behind an archive that is down, records wait in storage", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let count = 0; count < LIMITS.auditOpenBatches + 20; count += 1) {
      await consume(ledger);
      await runDurableObjectAlarm(ledger);
    }
    expect(captured.batches).toHaveLength(LIMITS.auditOpenBatches);
    await drain(ledger, captured);
    expect(new Set(captured.sequences).size).toBe(LIMITS.auditOpenBatches + 20);
    expect(captured.batches.length).toBeLessThan(LIMITS.auditOpenBatches + 20);
  });
});

/** J06: each batch is the successor of the one before by its hash, whatever happens to the object meanwhile. */
describe("the chain of a ledger", () => {
  it("links every batch to the one before, through evictions and confirmations", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let round = 0; round < 6; round += 1) {
      await consume(ledger);
      await (round % 2 === 0 ? deliver(ledger, captured) : runDurableObjectAlarm(ledger));
      if (round % 3 === 0) await evictDurableObject(ledger);
    }
    await archive(ledger, captured);
    const { chain, archivedHead } = await ledger.status();
    let [previousHash, next] = [await genesisOf(chain), 1];
    for (const batch of captured.batches) {
      expect(batch).toMatchObject({ chain, firstSequence: next, previousHash });
      expect(batch.hash).toBe(await hashBatch(previousHash, contentOf(batch.events)));
      [previousHash, next] = [batch.hash, batch.lastSequence + 1];
    }
    expect(archivedHead).toEqual({ sequence: 6, hash: previousHash });
  });

  it("keeps a few rows, however many batches there were", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let round = 0; round < 20; round += 1) {
      await consume(ledger);
      await deliver(ledger, captured);
    }
    const rows = await inLedger(ledger, (_instance, { storage }) => [...storage.sql.exec("SELECT * FROM audit_batch")]);
    expect(rows).toHaveLength(1);
  });

  it("is another one for a ledger elsewhere of the same name", async () => {
    const [here, there] = [makeLedger(), makeLedger()];
    const chains = await Promise.all([here, there].map(async (ledger) => (await ledger.status()).chain));
    expect(new Set(chains.map((chain) => chain.split("/").at(-1))).size).toBe(2);
  });
});

/** 2 rows a redemption are promised at 100 a second over 16 shards; beside the row of each, these are what a batch costs. */
describe("the upkeep of a delivery", () => {
  it("is a few rows a batch, and one alarm", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    await consumeMany(ledger, 30);
    await deliver(ledger, captured);
    await consumeMany(ledger, 30);
    const cost = await inLedger(ledger, async (instance, { storage }) => {
      const alarms = vi.spyOn(storage, "setAlarm");
      const statements = vi.spyOn(storage.sql, "exec");
      await instance.alarm();
      instance.confirm(captured.batches.map(({ lastSequence, hash }) => ({ lastSequence, hash })));
      const cursors = statements.mock.results.map(({ value }) => value as SqlStorageCursor<never>);
      const rows = cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
      return { rows, alarms: alarms.mock.calls.length };
    });
    expect(cost).toEqual({ rows: 3, alarms: 1 });
  });
});

async function runAlarmAndReadDelay(ledger: LedgerStub): Promise<number> {
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  const alarm = await inLedger(ledger, (_instance, { storage }) => storage.getAlarm());
  return (alarm ?? Number.NaN) - Date.now();
}

async function consumeMany(ledger: LedgerStub, count: number): Promise<void> {
  await inLedger(ledger, (instance) => {
    for (let at = 0; at < count; at += 1) void instance.consume(request({ event: "e" }));
  });
}

async function drain(ledger: LedgerStub, captured: CapturedQueue): Promise<void> {
  for (let alarms = 0; alarms < 200 && (await ledger.status()).pending > 0; alarms += 1) {
    await deliver(ledger, captured);
  }
  expect((await ledger.status()).pending).toBe(0);
}

describe("forgetting", () => {
  it("waits for retention and for delivery, whichever is later", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    captured.fails = true;
    await consume(ledger);
    advance(10 * WINDOW);
    await runDurableObjectAlarm(ledger);
    expect(await windowsOf(ledger)).toHaveLength(1);
    captured.fails = false;
    await runDurableObjectAlarm(ledger);
    expect(await windowsOf(ledger)).toHaveLength(1);
    await deliver(ledger, captured);
    await runDurableObjectAlarm(ledger);
    expect(await windowsOf(ledger)).toHaveLength(0);
    await consume(ledger);
    await deliver(ledger, captured);
    expect(await windowsOf(ledger)).toHaveLength(1);
    const expiry = Date.now() + WINDOW + LIMITS.ledgerRetentionSeconds * 1000;
    vi.setSystemTime(expiry - 1);
    await inLedger(ledger, (instance) => instance.alarm());
    expect(await windowsOf(ledger)).toHaveLength(1);
    vi.setSystemTime(expiry);
    await inLedger(ledger, (instance) => instance.alarm());
    expect(await windowsOf(ledger)).toHaveLength(0);
  });

  it("keeps storage bounded, however long it runs", { timeout: 30_000 }, async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    const sizes: number[] = [];
    for (let window = 0; window < 100; window += 1) {
      await consumeMany(ledger, 200);
      await drain(ledger, captured);
      advance(WINDOW);
      const { tables, bytes } = await inLedger(ledger, (_instance, { storage }) => {
        return { tables: windowsIn(storage.sql).length, bytes: storage.sql.databaseSize };
      });
      expect(tables).toBeLessThanOrEqual(5);
      sizes.push(bytes);
    }
    expect(Math.max(...sizes.slice(10))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 10)));
  });

  // An archive that sees a number twice takes the second record for the first.
  it("never lets sequence numbers start again", async () => {
    const ledger = makeLedger();
    const captured = captureQueue();
    for (let round = 0; round < 3; round += 1) {
      await consume(ledger);
      await drain(ledger, captured);
      advance(10 * WINDOW);
      await inLedger(ledger, (instance) => instance.alarm());
      expect(await windowsOf(ledger)).toHaveLength(0);
      await evictDurableObject(ledger);
    }
    expect(captured.sequences).toEqual([1, 2, 3]);
  });

  it("is woken for by an alarm, where nothing waits for delivery", async () => {
    const ledger = makeLedger();
    await consume(ledger, { event: null });
    const alarm = await inLedger(ledger, (_instance, { storage }) => storage.getAlarm());
    expect(alarm).toBe(START + WINDOW + LIMITS.ledgerRetentionSeconds * 1000);
  });
});

/**
 * J02, 4.6: while the queue is down no window may be dropped, so they grow in number. SQLite in a Durable Object takes
 * at most five SELECTs in one statement; a ledger that unites its windows in one dies in the sixth and never recovers.
 */
describe("an outage of the queue that lasts for hours", () => {
  it(
    "stops neither redemption nor the memory of what was consumed, and loses no record",
    { timeout: 30_000 },
    async () => {
      const ledger = makeLedger();
      const captured = captureQueue();
      captured.fails = true;
      const keys: ArrayBuffer[] = [];
      for (let window = 0; window < 40; window += 1) {
        const key = makeKey();
        expect(await consume(ledger, { key }), `window ${window}`).toBe("consumed");
        expect(await consume(ledger, { key, event: null }), `window ${window}`).toBe("replayed");
        keys.push(key);
        await runDurableObjectAlarm(ledger);
        advance(WINDOW);
      }
      await evictDurableObject(ledger);
      expect(await ledger.status()).toMatchObject({ pending: 40, archived: 0 });
      // Those that could still be accepted; what is past retention waits for delivery and is searched no more.
      const living = Math.floor((LIMITS.ledgerRetentionSeconds * 1000) / WINDOW);
      for (const key of keys.slice(-living)) expect(await consume(ledger, { key, event: null })).toBe("replayed");
      captured.fails = false;
      await drain(ledger, captured);
      expect(captured.sequences).toEqual(countFrom(1, 40));
      await runDurableObjectAlarm(ledger);
      expect((await windowsOf(ledger)).length).toBeLessThanOrEqual(4);
    },
  );
});

describe("a request that was held open past the ledger's memory", () => {
  // One assertion, several tokens: a body held open carried an old clock past retention.
  it("consumes nothing", async () => {
    const ledger = makeLedger();
    const retainUntilSeconds = Math.floor(Date.now() / 1000);
    expect(await consume(ledger, { retainUntilSeconds })).toBe("retention_exceeded");
  });
});

describe("a key that its holder may use again", () => {
  function sharedWith(holder: string): Partial<ConsumeRequest> {
    return { sharedUse: { holder, recordKey: makeKey() } };
  }

  it("is consumed each time its holder comes, with a record each time", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    const results = await Promise.all(
      Array.from({ length: 50 }, () => consume(ledger, { key, ...sharedWith("holder:a") })),
    );
    expect(results).toEqual(results.map(() => "consumed"));
    const events = (await storedRows(ledger)).filter(({ event }) => event !== "");
    expect(events).toHaveLength(50);
    expect(events.map(({ sequence }) => sequence)).toEqual(countFrom(1, 50));
  });

  it("is a replay to every other holder, to a single use, and on record as one", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    await consume(ledger, { key, ...sharedWith("holder:a") });
    expect(await consume(ledger, { key, attemptId: "b", ...sharedWith("holder:b") })).toBe("replayed");
    expect(await consume(ledger, { key, attemptId: "c" })).toBe("replayed");
    const events = (await storedRows(ledger)).map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining([recordOfReplay(grantBy("b")), recordOfReplay(grantBy("c"))]));
  });

  it("is none where it served once already", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    await consume(ledger, { key });
    expect(await consume(ledger, { key, ...sharedWith("holder:a") })).toBe("replayed");
  });

  it("has one record for one attempt, however often that is tried again", async () => {
    const ledger = makeLedger();
    const retried = request(sharedWith("holder:a"));
    const results = [await ledger.consume(retried), await ledger.consume(retried), await ledger.consume(retried)];
    expect(results).toEqual(["consumed", "consumed", "consumed"]);
    expect((await storedRows(ledger)).filter(({ event }) => event !== "")).toHaveLength(1);
  });

  it("outlasts an eviction for as long as the assertion can", async () => {
    const [ledger, key] = [makeLedger(), makeKey()];
    await consume(ledger, { key, ...sharedWith("holder:a") });
    advance(WINDOW * 2);
    await evictDurableObject(ledger);
    expect(await consume(ledger, { key, ...sharedWith("holder:b") })).toBe("replayed");
  });
});

import { describe, expect, it } from "vitest";
import { auditBatchSchema, packAuditBatches } from "../../src/audit/audit-batch.ts";
import { LIMITS } from "../../src/limits.ts";

const QUEUE_MESSAGE_BYTES = 128 * 1024;
const QUEUE_BATCH_BYTES = 256 * 1024;

function rowsOf(events: readonly string[]) {
  return events.map((event, at) => ({ sequence: at + 1, event }));
}

/** As the queue weighs it. */
function bytesOf(message: unknown): number {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}

const SHARD = "ledger/v1/0";
const repeat = (length: number, event: string) => Array.from({ length }, () => event);

describe("packAuditBatches", () => {
  it("packs rows in order, into one message where they fit", () => {
    const [message, ...others] = packAuditBatches(SHARD, rowsOf(["a", "b", "c"]));
    expect(others).toEqual([]);
    expect(message).toEqual({
      version: 1,
      shard: SHARD,
      firstSequence: 1,
      lastSequence: 3,
      events: rowsOf(["a", "b", "c"]),
    });
    expect(auditBatchSchema.parse(message)).toEqual(message);
  });

  it("makes nothing of nothing", () => {
    expect(packAuditBatches(SHARD, [])).toEqual([]);
  });

  // Each character as costly as it can be in a message: a quote or a backslash is escaped once more, others are longer
  // in UTF-8 than in the string, and half a surrogate pair becomes six characters.
  it.each([
    ["ordinary events", repeat(400, JSON.stringify({ id: "x".repeat(1_500) }))],
    ["quotes", repeat(400, '"'.repeat(LIMITS.auditEventCharacters))],
    ["backslashes", repeat(400, "\\".repeat(LIMITS.auditEventCharacters))],
    ["control characters", repeat(400, "\u0000".repeat(LIMITS.auditEventCharacters / 2))],
    ["long characters", repeat(400, "\u20ac".repeat(LIMITS.auditEventCharacters))],
    ["pairs", repeat(400, "\u{1f600}".repeat(LIMITS.auditEventCharacters / 2))],
    ["half pairs", repeat(400, "\ud800".repeat(LIMITS.auditEventCharacters))],
    ["tiny events", repeat(20_000, "x")],
    ["empty events", repeat(20_000, "")],
    ["one that is large among small ones", [...repeat(50, "x"), '"'.repeat(40_000), ...repeat(50, "x")]],
  ])("keeps every message of %s below what a queue takes", (_name, events) => {
    const messages = packAuditBatches(SHARD, rowsOf(events));
    const sizes = messages.map(bytesOf);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(QUEUE_MESSAGE_BYTES);
    expect(LIMITS.auditMessagesPerBatch * Math.max(...sizes)).toBeLessThanOrEqual(QUEUE_BATCH_BYTES);
    expect(messages.flatMap((message) => message.events)).toEqual(rowsOf(events));
    expect(messages.every(({ events: rows }) => rows.length > 0)).toBe(true);
  });

  // A queue charges for each 64 KB of a message: messages that are half empty would double the bill.
  it("fills messages of ordinary events", () => {
    const events = repeat(400, JSON.stringify({ id: "x".repeat(1_500) }));
    const sizes = packAuditBatches(SHARD, rowsOf(events)).map(bytesOf);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(0.9 * LIMITS.auditMessageBytes);
  });

  it("names the range of each message", () => {
    const rows = repeat(300, "x".repeat(2_000)).map((event, at) => ({ sequence: at + 1_000, event }));
    const ranges = packAuditBatches(SHARD, rows).map(({ firstSequence, lastSequence }) => [
      firstSequence,
      lastSequence,
    ]);
    expect(ranges.length).toBeGreaterThan(2);
    expect(ranges.at(0)?.[0]).toBe(1_000);
    expect(ranges.at(-1)?.[1]).toBe(1_299);
    ranges.slice(1).forEach(([first], at) => expect(first).toBe((ranges[at]?.[1] ?? 0) + 1));
  });
});

describe("a batch", () => {
  const good = { version: 1, shard: SHARD, firstSequence: 1, lastSequence: 1, events: rowsOf(["x"]) };

  it.each<[string, object]>([
    ["of another version", { version: 2 }],
    ["with a member too much", { extra: 1 }],
    ["of a shard that is no name", { shard: "x".repeat(129) }],
    ["from zero", { firstSequence: 0 }],
    ["of half numbers", { lastSequence: 1.5 }],
    ["of events that are objects", { events: [{ sequence: 1, event: {} }] }],
    ["of events with a member too much", { events: [{ sequence: 1, event: "x", extra: 1 }] }],
    ["of no list", { events: {} }],
  ])("%s is none", (_name, change) => {
    expect(auditBatchSchema.safeParse(good).success).toBe(true);
    expect(auditBatchSchema.safeParse({ ...good, ...change }).success).toBe(false);
  });
});

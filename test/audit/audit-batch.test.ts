import { describe, expect, it } from "vitest";
import { auditBatchSchema, contentOf, countThatFit, genesisOf, hashBatch } from "../../src/audit/audit-batch.ts";
import { LIMITS } from "../../src/limits.ts";

const QUEUE_MESSAGE_BYTES = 128 * 1024;
const QUEUE_BATCH_BYTES = 256 * 1024;

/** As the queue weighs it. */
function bytesOf(message: unknown): number {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}

const CHAIN = "ledger/v1/0/0123456789abcdef";

function makeMessage(firstSequence: number, events: readonly string[]) {
  const lastSequence = firstSequence + events.length - 1;
  const hashes = { previousHash: "0".repeat(64), hash: "1".repeat(64) };
  return { version: 1, chain: CHAIN, ledger: "f".repeat(64), firstSequence, lastSequence, ...hashes, events };
}

/** As the ledger cuts: as many as fit, again and again. */
function cutAll(events: readonly string[]): readonly (readonly string[])[] {
  const batches: (readonly string[])[] = [];
  for (let at = 0; at < events.length; at += batches.at(-1)?.length ?? 1) {
    batches.push(events.slice(at, at + countThatFit(events.slice(at, at + LIMITS.auditBatchRows))));
  }
  return batches;
}
const repeat = (length: number, event: string) => Array.from({ length }, () => event);

describe("countThatFit", () => {
  it("takes all where all fit", () => {
    expect(countThatFit(["a", "b", "c"])).toBe(3);
    expect(countThatFit([])).toBe(0);
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
    const batches = cutAll(events);
    const sizes = batches.map((batch) => bytesOf(makeMessage(1, batch)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(QUEUE_MESSAGE_BYTES);
    expect(LIMITS.auditMessagesPerBatch * Math.max(...sizes)).toBeLessThanOrEqual(QUEUE_BATCH_BYTES);
    expect(batches.flat()).toEqual(events);
    expect(batches.every((batch) => batch.length > 0)).toBe(true);
  });

  // A queue charges for each 64 KB of a message: messages that are half empty would double the bill.
  it("fills messages of ordinary events", () => {
    const events = repeat(400, JSON.stringify({ id: "x".repeat(1_500) }));
    const sizes = cutAll(events).map((batch) => bytesOf(makeMessage(1, batch)));
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(0.9 * LIMITS.auditMessageBytes);
  });
});

describe("a hash", () => {
  // printf '%s\n' PREVIOUS | cat - OBJECT | sha256sum
  it("is what sha256sum says of the hash before it, a line end, and the object", async () => {
    const bytes = new TextEncoder().encode(`${"0".repeat(64)}\na\nb\n`);
    const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    expect(await hashBatch("0".repeat(64), contentOf(["a", "b"]))).toBe(expected);
  });

  it("begins with the name of its chain", async () => {
    expect(await genesisOf(CHAIN)).toMatch(/^[0-9a-f]{64}$/);
    expect(await genesisOf(CHAIN)).not.toBe(await genesisOf("ledger/v1/1/0123456789abcdef"));
  });
});

describe("a batch", () => {
  const good = makeMessage(1, ["x"]);

  it.each<[string, object]>([
    ["of another version", { version: 2 }],
    ["with a member too much", { extra: 1 }],
    ["of a chain that is no name", { chain: "x".repeat(193) }],
    ["from zero", { firstSequence: 0, lastSequence: 0 }],
    ["of half numbers", { lastSequence: 1.5 }],
    ["of more numbers than events", { lastSequence: 2 }],
    ["of nothing", { lastSequence: 0, events: [] }],
    ["of events that are objects", { events: [{}] }],
    // Or one event could pass for two of the archive's lines.
    ["of events of two lines", { events: ["x\ny"] }],
    ["of no list", { events: {} }],
    ["of a hash that is none", { hash: "x" }],
    ["of a hash in capitals", { previousHash: "A".repeat(64) }],
  ])("%s is none", (_name, change) => {
    expect(auditBatchSchema.safeParse(good).success).toBe(true);
    expect(auditBatchSchema.safeParse({ ...good, ...change }).success).toBe(false);
  });
});

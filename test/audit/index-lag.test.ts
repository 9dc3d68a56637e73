import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { indexBatches } from "../../src/audit/audit-index.ts";
import { readIndexLag } from "../../src/audit/index-lag.ts";
import { reconcile } from "../../src/audit/reconcile.ts";
import { makeEvent, TestChain } from "../support/sinks.ts";
import { serializeAuditEvent } from "../../src/audit/audit-event.ts";

/** Indexes a batch of so many records, as the consumer does. */
async function index(chain: string, firstSequence: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, () => serializeAuditEvent(makeEvent()));
  const range = { chain, firstSequence, lastSequence: firstSequence + count - 1, hash: `hash-${firstSequence}` };
  await indexBatches(env.AUDIT_INDEX, [{ ...range, events }]);
}

beforeAll(async () => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

describe("how far the index is behind the archive", () => {
  it("is what it was never given, of all chains together", async () => {
    const [one, two] = [new TestChain().name, new TestChain().name];
    await index(one, 1, 4);
    await index(one, 8, 3);
    const chains = [
      { chain: one, archived: 10 },
      { chain: two, archived: 5 },
    ];
    expect(await readIndexLag(env.AUDIT_INDEX, chains)).toBe(3 + 5);
    await index(two, 1, 5);
    expect(await readIndexLag(env.AUDIT_INDEX, chains)).toBe(3);
  });

  it("is nothing where the index has more than the archive's ledger has heard of", async () => {
    const { name } = new TestChain();
    await index(name, 1, 4);
    expect(await readIndexLag(env.AUDIT_INDEX, [{ chain: name, archived: 0 }])).toBe(0);
    expect(await readIndexLag(env.AUDIT_INDEX, [])).toBe(0);
  });

  it("is nothing any more when the comparison has added it, and forgotten the batches", async () => {
    const chain = new TestChain();
    await chain.append([{}, {}], [{}]);
    const lag = () => readIndexLag(env.AUDIT_INDEX, [{ chain: chain.name, archived: 3 }]);
    expect(await lag()).toBe(3);
    await reconcile({ archive: env.AUDIT_ARCHIVE, index: env.AUDIT_INDEX, chain: chain.name, archived: 3 });
    expect(await lag()).toBe(0);
  });
});

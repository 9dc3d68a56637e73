import { applyD1Migrations, createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { archiveName } from "../../src/audit/archive-name.ts";
import { type AuditBatch, contentOf, genesisOf, hashBatch } from "../../src/audit/audit-batch.ts";
import { type AuditEvent, makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { earliestPlace, placeOf } from "../../src/audit/place.ts";
import { type AuditStores, consumeAuditBatches } from "../../src/audit/consumer.ts";
import worker from "../../src/worker.ts";

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

function makeEvent(overrides: Partial<AuditEvent> = {}): AuditEvent {
  const trace = {
    correlationId: crypto.randomUUID(),
    traceId: null,
    receivedAtMilliseconds: Date.now(),
    ray: null,
    colo: null,
  };
  return makeAuditEvent(crypto.randomUUID(), trace, { type: "redemption", decision: "granted", ...overrides });
}

let chains = 0;

/** Of a ledger of its own: events of two may not share a place, however close they are in time. */
function makeChain(): string {
  chains += 1;
  return `ledger/v1/${chains}/${crypto.randomUUID().slice(0, 8)}`;
}

async function makeBatch(
  events: readonly (AuditEvent | string)[],
  overrides: Partial<AuditBatch> = {},
): Promise<AuditBatch> {
  const firstSequence = overrides.firstSequence ?? 1;
  const chain = overrides.chain ?? makeChain();
  const spelled = events.map((event) => (typeof event === "string" ? event : serializeAuditEvent(event)));
  const previousHash = overrides.previousHash ?? (await genesisOf(chain));
  return {
    version: 1,
    chain,
    ledger: "none",
    firstSequence,
    lastSequence: firstSequence + events.length - 1,
    previousHash,
    hash: await hashBatch(previousHash, contentOf(spelled)),
    events: spelled,
    ...overrides,
  };
}

/** As the runtime delivers: the same bodies, under the ids 0, 1, 2 … */
async function deliver(...bodies: readonly unknown[]) {
  const messages = bodies.map((body, at) => ({ id: String(at), timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch("crossgate-audit", [...messages]);
  const context = createExecutionContext();
  await worker.queue(batch, env);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
  return { acknowledged: explicitAcks, retried: retryMessages.map(({ msgId }) => msgId) };
}

async function indexed(shard: string): Promise<readonly Record<string, unknown>[]> {
  const query = "SELECT * FROM audit_event WHERE shard = ? ORDER BY sequence";
  return (await env.AUDIT_INDEX.prepare(query).bind(shard).all()).results;
}

async function archived(shard: string): Promise<readonly { key: string; text: string }[]> {
  const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: `events/v1/${shard}/` });
  return Promise.all(
    objects.map(async ({ key }) => ({ key, text: (await (await env.AUDIT_ARCHIVE.get(key))?.text()) ?? "" })),
  );
}

describe("a batch", () => {
  it("goes to the archive as it was written, and to the index by its members", async () => {
    const events = [
      makeEvent({
        organization: "acme",
        issuer: "https://idp.example.com",
        subject: 'ada "quoted" \\ \u2028 \u20ac',
        client_id: "agent",
        resource: "https://crossgate.example/mcp",
        token_id: "token-1",
        principal: "usr_1",
      }),
      makeEvent({
        decision: "refused",
        reason: "policy_denied",
        type: "gateway_call",
        method: "tools/call",
        target: "t",
      }),
    ];
    const batch = await makeBatch(events);
    expect(await deliver(batch)).toEqual({ acknowledged: ["0"], retried: [] });
    expect(await archived(batch.chain)).toEqual([
      {
        key: `events/v1/${batch.chain}/0000000000000001-0000000000000002-${batch.hash}.ndjson`,
        text: events.map((event) => `${serializeAuditEvent(event)}\n`).join(""),
      },
    ]);
    const rows = await indexed(batch.chain);
    expect(rows).toHaveLength(2);
    rows.forEach((row, at) => {
      const { event, sequence, shard, place, ...members } = row;
      expect([event, sequence, shard]).toEqual([batch.events[at], at + 1, batch.chain]);
      expect(place).toBe(Number(placeOf(Date.parse(events[at]?.time ?? ""), batch.chain, at + 1)));
      expect(events[at]).toMatchObject(members);
    });
  });

  // Queues deliver at least once, and in any order.
  it("that is delivered again changes nothing", async () => {
    const batch = await makeBatch([makeEvent(), makeEvent()]);
    await deliver(batch);
    const [rows, objects] = [await indexed(batch.chain), await archived(batch.chain)];
    expect(await deliver(batch, batch)).toEqual({ acknowledged: ["0", "1"], retried: [] });
    expect(await indexed(batch.chain)).toEqual(rows);
    expect(await archived(batch.chain)).toEqual(objects);
  });

  it("that comes before an earlier one is put where it belongs", async () => {
    const first = await makeBatch([makeEvent()]);
    const chained = { chain: first.chain, firstSequence: 2, previousHash: first.hash };
    const second = await makeBatch([makeEvent()], chained);
    await deliver(second);
    await deliver(first);
    expect((await indexed(first.chain)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect((await archived(first.chain)).map(({ text }) => text).join("")).toBe(
      contentOf([...first.events, ...second.events]),
    );
  });

  // J06: what is archived is never replaced, whoever can write to the queue: another batch of the same range lies beside.
  it("does not replace what the archive has of its range", async () => {
    const truth = await makeBatch([makeEvent()]);
    const forgery = await makeBatch([makeEvent()], { chain: truth.chain });
    await deliver(truth);
    await deliver(forgery);
    expect((await archived(truth.chain)).map(({ text }) => text).toSorted()).toEqual(
      [truth, forgery].map(({ events }) => contentOf(events)).toSorted(),
    );
  });

  it("does not replace an object of its own name either, whatever that says", async () => {
    const batch = await makeBatch([makeEvent()]);
    const name = archiveName(batch);
    await env.AUDIT_ARCHIVE.put(name, "what was there first");
    await deliver(batch);
    expect(await (await env.AUDIT_ARCHIVE.get(name))?.text()).toBe("what was there first");
  });

  it("does not replace what the index has of its place", async () => {
    const event = makeEvent({ decision: "refused" });
    const batch = await makeBatch([event]);
    await deliver(batch);
    await deliver(await makeBatch([{ ...event, decision: "granted" }], { chain: batch.chain }));
    expect((await indexed(batch.chain)).map(({ decision }) => decision)).toEqual(["refused"]);
  });
});

describe("a poison message", () => {
  // J04: put aside, so that somebody can look at it, and the others flow.
  it.each<[string, () => unknown]>([
    ["null", () => null],
    ["text", () => "junk"],
    ["nothing", () => ({})],
    ["another version", async () => ({ ...(await makeBatch([makeEvent()])), version: 2 })],
    ["a member too much", async () => ({ ...(await makeBatch([makeEvent()])), extra: 1 })],
    // J07: what anybody may write to the queue is not what the ledger sent.
    ["an event that was changed", async () => ({ ...(await makeBatch([makeEvent()])), events: ["{}"] })],
    ["a hash of something else", async () => ({ ...(await makeBatch([makeEvent()])), hash: "0".repeat(64) })],
    ["another chain's hash", async () => ({ ...(await makeBatch([makeEvent()])), previousHash: "0".repeat(64) })],
  ])("(%s) is put aside, stores nothing else, and holds nobody up", async (_name, make) => {
    const [before, after] = [await makeBatch([makeEvent()]), await makeBatch([makeEvent()])];
    const poison = await make();
    await env.AUDIT_ARCHIVE.delete("dead/1.json");
    expect(await deliver(before, poison, after)).toEqual({ acknowledged: ["0", "1", "2"], retried: [] });
    for (const { chain } of [before, after]) expect(await indexed(chain)).toHaveLength(1);
    const chain = (poison as Partial<AuditBatch> | null)?.chain ?? "none";
    expect([await indexed(chain), await archived(chain)]).toEqual([[], []]);
    expect(await (await env.AUDIT_ARCHIVE.get("dead/1.json"))?.json()).toEqual(poison);
  });
});

describe("a record that does not fit the schema", () => {
  const serialized = serializeAuditEvent(makeEvent());

  // It must not take its neighbours with it, nor be lost: the archive has what the ledger wrote, whatever that was.
  it.each([
    ["no JSON", "junk"],
    ["no event", "{}"],
    ["a member too much", serialized.replace("{", '{"password":"x",')],
    ["a giant text", serialized.replace("{", `{"subject":"${"x".repeat(50_000)}",`)],
  ])("(%s) is archived, and the others of its message are found", async (_name, unsound) => {
    const batch = await makeBatch([makeEvent(), unsound, makeEvent()]);
    expect(await deliver(batch)).toEqual({ acknowledged: ["0"], retried: [] });
    expect((await indexed(batch.chain)).map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect((await archived(batch.chain)).map(({ text }) => text)).toEqual([contentOf(batch.events)]);
  });
});

describe("a store that fails", () => {
  async function consume(changed: Partial<AuditStores>, batch: AuditBatch, attempts = 1) {
    const message = { id: "m", body: batch, attempts, ack: vi.fn(), retry: vi.fn() };
    const confirm = vi.fn(async () => undefined);
    const announce = vi.fn(async () => undefined);
    const stores = { archive: env.AUDIT_ARCHIVE, index: env.AUDIT_INDEX, confirm, announce, ...changed };
    await consumeAuditBatches({ messages: [message] } as never, stores);
    return {
      acknowledged: message.ack.mock.calls.length,
      retries: message.retry.mock.calls,
      confirmed: confirm.mock.calls,
      announced: announce.mock.calls.length,
    };
  }
  const down = () => Promise.reject(new Error("down"));
  const archiveDown: Partial<AuditStores> = { archive: { put: down } };
  const indexDown: Partial<AuditStores> = {
    index: { prepare: (sql) => env.AUDIT_INDEX.prepare(sql), batch: down },
  };

  // A consumer that dies between its writes is one whose second write failed.
  it.each([
    ["the archive", archiveDown],
    ["the index", indexDown],
  ])(
    "(%s) leaves the message on the queue and the ledger untold, and both have it in the end",
    async (_name, stores) => {
      const batch = await makeBatch([makeEvent()]);
      const failed = { acknowledged: 0, retries: [[{ delaySeconds: 5 }]], confirmed: [], announced: 0 };
      expect(await consume(stores, batch)).toEqual(failed);
      const confirmed = [["none", [{ lastSequence: 1, hash: batch.hash }]]];
      expect(await consume({}, batch)).toEqual({ acknowledged: 1, retries: [], confirmed, announced: 1 });
      expect(await indexed(batch.chain)).toHaveLength(1);
      expect(await archived(batch.chain)).toHaveLength(1);
    },
  );

  // The ledger sends again what it was not told of.
  it("(the ledger) holds nothing up", async () => {
    const batch = await makeBatch([makeEvent()]);
    expect(await consume({ confirm: down }, batch)).toMatchObject({ acknowledged: 1, retries: [] });
    expect(await indexed(batch.chain)).toHaveLength(1);
  });

  it.each([
    [1, 5],
    [4, 40],
    [100, 3600],
  ])("is tried after attempt %i in %i seconds", async (attempts, delaySeconds) => {
    const { retries } = await consume(archiveDown, await makeBatch([makeEvent()]), attempts);
    expect(retries).toEqual([[{ delaySeconds }]]);
  });

  it("holds no neighbour up", async () => {
    const [first, second] = [await makeBatch([makeEvent()]), await makeBatch([makeEvent()])];
    const put = vi.fn((name: string, text: string) =>
      name.includes(first.chain) ? down() : env.AUDIT_ARCHIVE.put(name, text),
    );
    const messages = [first, second].map((body) => ({ id: "m", body, attempts: 1, ack: vi.fn(), retry: vi.fn() }));
    const stores = {
      archive: { put },
      index: env.AUDIT_INDEX,
      confirm: async () => undefined,
      announce: async () => undefined,
    };
    await consumeAuditBatches({ messages } as never, stores as never);
    expect(messages.map(({ ack, retry }) => [ack.mock.calls.length, retry.mock.calls.length])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});

describe("a ledger", () => {
  it("is told once of all that came of it, and only of what is stored", async () => {
    const first = await makeBatch([makeEvent()], { ledger: "one" });
    const chained = { chain: first.chain, firstSequence: 2, previousHash: first.hash, ledger: "one" };
    const second = await makeBatch([makeEvent()], chained);
    const other = await makeBatch([makeEvent()], { ledger: "two" });
    const messages = [first, second, other].map((body) => ({ body, attempts: 1, ack: vi.fn(), retry: vi.fn() }));
    const confirm = vi.fn(async () => undefined);
    const stores = { archive: env.AUDIT_ARCHIVE, index: env.AUDIT_INDEX, confirm, announce: async () => undefined };
    await consumeAuditBatches({ messages } as never, stores);
    const told = ({ lastSequence, hash }: AuditBatch) => ({ lastSequence, hash });
    expect(confirm.mock.calls).toEqual([
      ["one", [told(first), told(second)]],
      ["two", [told(other)]],
    ]);
  });
});

describe("the place of an event", () => {
  it("follows time, then the ledger, then the order in it", () => {
    const [one, two] = ["ledger/v1/1/abcdef", "ledger/v1/2/abcdef"];
    const ordered = [
      placeOf(1_800_000_000_000, one, 8191),
      placeOf(1_800_000_000_000, two, 1),
      placeOf(1_800_000_000_000, two, 2),
      placeOf(1_800_000_000_001, one, 1),
    ];
    expect(ordered.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(ordered);
    expect(new Set(ordered).size).toBe(ordered.length);
    expect(earliestPlace(1_800_000_000_001)).toBeGreaterThan(ordered[2] ?? 0n);
    expect(earliestPlace(1_800_000_000_000)).toBeLessThan(ordered[0] ?? 0n);
  });

  // SQLite's integers have 63 bits and a sign.
  it("fits an integer of the index until 2100", () => {
    expect(placeOf(Date.UTC(2100, 0, 1), "ledger/v1/255/abcdef", 2 ** 40)).toBeLessThan(2n ** 63n);
  });
});

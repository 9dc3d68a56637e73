import { applyD1Migrations, createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { AuditBatch } from "../../src/audit/audit-batch.ts";
import { type AuditEvent, makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { consumeAuditBatches } from "../../src/audit/consumer.ts";
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

function makeBatch(events: readonly AuditEvent[], overrides: Partial<AuditBatch> = {}): AuditBatch {
  const first = overrides.firstSequence ?? 1;
  return {
    version: 1,
    shard: `test/${crypto.randomUUID()}`,
    firstSequence: first,
    lastSequence: first + events.length - 1,
    events: events.map((event, at) => ({ sequence: first + at, event: serializeAuditEvent(event) })),
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
    const batch = makeBatch(events);
    expect(await deliver(batch)).toEqual({ acknowledged: ["0"], retried: [] });
    expect(await archived(batch.shard)).toEqual([
      {
        key: `events/v1/${batch.shard}/0000000000000001-0000000000000002.ndjson`,
        text: events.map((event) => `${serializeAuditEvent(event)}\n`).join(""),
      },
    ]);
    const rows = await indexed(batch.shard);
    expect(rows).toHaveLength(2);
    rows.forEach((row, at) => {
      const { event, sequence, shard, ...members } = row;
      expect([event, sequence, shard]).toEqual([batch.events[at]?.event, at + 1, batch.shard]);
      expect(events[at]).toMatchObject(members);
    });
  });

  // Queues deliver at least once, and in any order.
  it("that is delivered again changes nothing", async () => {
    const batch = makeBatch([makeEvent(), makeEvent()]);
    await deliver(batch);
    const [rows, objects] = [await indexed(batch.shard), await archived(batch.shard)];
    expect(await deliver(batch, batch)).toEqual({ acknowledged: ["0", "1"], retried: [] });
    expect(await indexed(batch.shard)).toEqual(rows);
    expect(await archived(batch.shard)).toEqual(objects);
  });

  it("that comes before an earlier one is put where it belongs", async () => {
    const shard = `test/${crypto.randomUUID()}`;
    const [first, second] = [
      makeBatch([makeEvent()], { shard }),
      makeBatch([makeEvent()], { shard, firstSequence: 2 }),
    ];
    await deliver(second);
    await deliver(first);
    expect((await indexed(shard)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect((await archived(shard)).map(({ text }) => text).join("")).toBe(
      [first, second].flatMap(({ events }) => events.map(({ event }) => `${event}\n`)).join(""),
    );
  });

  // J06: what is archived is never replaced, whoever can write to the queue.
  it("does not replace what the archive has of its range", async () => {
    const [truth, forgery] = [makeBatch([makeEvent()]), makeBatch([makeEvent()])];
    await deliver(truth);
    await deliver({ ...forgery, shard: truth.shard });
    expect((await archived(truth.shard)).map(({ text }) => text)).toEqual([`${truth.events[0]?.event}\n`]);
  });

  it("does not replace what the index has of its id", async () => {
    const event = makeEvent({ decision: "refused" });
    const batch = makeBatch([event]);
    await deliver(batch);
    await deliver(makeBatch([{ ...event, decision: "granted" }], { shard: batch.shard, firstSequence: 5 }));
    expect((await indexed(batch.shard)).map(({ decision }) => decision)).toEqual(["refused"]);
  });
});

describe("a poison message", () => {
  // J04: it goes the way of retries to the dead letters, and the others flow.
  it.each<[string, () => unknown]>([
    ["null", () => null],
    ["text", () => "junk"],
    ["nothing", () => ({})],
    ["another version", () => ({ ...makeBatch([makeEvent()]), version: 2 })],
    ["events that are objects", () => ({ ...makeBatch([makeEvent()]), events: [{ sequence: 1, event: makeEvent() }] })],
    ["a member too much", () => ({ ...makeBatch([makeEvent()]), extra: 1 })],
  ])("(%s) is tried again, stores nothing, and holds nobody up", async (_name, make) => {
    const [before, after] = [makeBatch([makeEvent()]), makeBatch([makeEvent()])];
    const poison = make();
    expect(await deliver(before, poison, after)).toEqual({ acknowledged: ["0", "2"], retried: ["1"] });
    for (const { shard } of [before, after]) expect(await indexed(shard)).toHaveLength(1);
    const shard = (poison as Partial<AuditBatch> | null)?.shard ?? "none";
    expect([await indexed(shard), await archived(shard)]).toEqual([[], []]);
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
  ])("(%s) is put aside, and the others of its message are found", async (_name, unsound) => {
    const [first, last] = [makeEvent(), makeEvent()];
    const batch = makeBatch([first, last, last], { shard: `test/${crypto.randomUUID()}` });
    const events = [first, null, last].map((event, at) => ({
      sequence: at + 1,
      event: event === null ? unsound : serializeAuditEvent(event),
    }));
    expect(await deliver({ ...batch, events })).toEqual({ acknowledged: ["0"], retried: [] });
    expect((await indexed(batch.shard)).map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect((await archived(batch.shard)).map(({ text }) => text)).toEqual([
      events.map(({ event }) => `${event}\n`).join(""),
    ]);
    const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: `unsound/v1/${batch.shard}/` });
    expect(objects).toHaveLength(1);
    const aside = await env.AUDIT_ARCHIVE.get(objects[0]?.key ?? "");
    expect(await aside?.json()).toEqual([{ sequence: 2, event: unsound }]);
  });

  it("is put nowhere but beside the events of the archive", async () => {
    await deliver(makeBatch([makeEvent()], { shard: "../../escaped" }));
    const { objects } = await env.AUDIT_ARCHIVE.list();
    expect(objects.filter(({ key }) => !/^(?:events|unsound)\/v1\//.test(key))).toEqual([]);
  });
});

describe("a store that fails", () => {
  async function consume(stores: Parameters<typeof consumeAuditBatches>[1], batch: AuditBatch, attempts = 1) {
    const message = { body: batch, attempts, ack: vi.fn(), retry: vi.fn() };
    await consumeAuditBatches({ messages: [message] } as never, stores);
    return { acknowledged: message.ack.mock.calls.length, retries: message.retry.mock.calls };
  }
  const failing = {
    put: () => Promise.reject(new Error("down")),
    prepare: () => {
      throw new Error("down");
    },
  };

  it.each<[string, Parameters<typeof consumeAuditBatches>[1]]>([
    ["the archive", { archive: { put: failing.put }, index: env.AUDIT_INDEX }],
    ["the index", { archive: env.AUDIT_ARCHIVE, index: { prepare: failing.prepare } }],
  ])("(%s) leaves the message on the queue, and both have it in the end", async (_name, stores) => {
    const batch = makeBatch([makeEvent()]);
    expect(await consume(stores, batch)).toEqual({ acknowledged: 0, retries: [[{ delaySeconds: 5 }]] });
    const healthy = { archive: env.AUDIT_ARCHIVE, index: env.AUDIT_INDEX };
    expect(await consume(healthy, batch)).toEqual({ acknowledged: 1, retries: [] });
    expect(await indexed(batch.shard)).toHaveLength(1);
    expect(await archived(batch.shard)).toHaveLength(1);
  });

  it.each([
    [1, 5],
    [10, 50],
    [100, 300],
  ])("is tried after attempt %i in %i seconds", async (attempts, delaySeconds) => {
    const stores = { archive: { put: failing.put }, index: env.AUDIT_INDEX };
    expect((await consume(stores, makeBatch([makeEvent()]), attempts)).retries).toEqual([[{ delaySeconds }]]);
  });
});

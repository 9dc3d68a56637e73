import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { makeEvent, Receivers, recordsIn, TestChain, TestSink } from "../support/sinks.ts";

const SIEM = "siem.example.net";
let receivers: Receivers;

beforeEach(() => {
  // The clock of the object's alarms is the machine's: a year behind this one, none goes off by itself.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 365 * 86_400_000 });
  receivers = new Receivers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function armed(sink: TestSink): Promise<number | null> {
  return runInDurableObject(sink.stub, (_object, state) => state.storage.getAlarm());
}

function grants(count: number) {
  return Array.from({ length: count }, () => ({}));
}

describe("a sink", () => {
  it("is sent every record of every chain, once and in order, and no more when there is nothing new", async () => {
    const [one, two] = [new TestChain(), new TestChain()];
    const ids = [...(await one.append(grants(3), grants(2))), ...(await two.append(grants(1)))];
    const sink = await new TestSink().write();
    await sink.meet(one, two);
    await sink.run();
    expect(receivers.idsAt(SIEM).toSorted()).toEqual(ids.toSorted());
    expect(receivers.idsAt(SIEM).filter((id) => ids.indexOf(id) < 5)).toEqual(ids.slice(0, 5));
    await sink.meet(one, two);
    expect(await sink.run()).toBe(0);
    const later = await one.append(grants(1));
    await sink.meet(one, two);
    await sink.run();
    expect(receivers.idsAt(SIEM).slice(-1)).toEqual(later);
    expect(receivers.idsAt(SIEM)).toHaveLength(7);
    expect(await sink.stub.status()).toMatchObject({ delivered: 7, failures: 0, error: "" });
  });

  it("has turns: of more ledgers than one alarm looks at, each is heard, and then there is rest", async () => {
    const chains = Array.from({ length: 2 * LIMITS.sinkReadsPerAlarm + 1 }, () => new TestChain());
    const sink = await new TestSink().write();
    await sink.meet(...chains);
    const ids: string[] = [];
    for (const chain of chains) ids.push(...(await chain.append(grants(1))));
    await sink.meet(...chains);
    await sink.run();
    expect(receivers.idsAt(SIEM).toSorted()).toEqual(ids.toSorted());
    expect(await armed(sink)).toBeNull();
  });

  it("has turns also when one ledger's archive is broken: the others are heard", async () => {
    const alone = await new TestChain().cut([makeEvent()]);
    await env.AUDIT_ARCHIVE.put(alone.object.name, alone.object.content.replace("granted", "refused"));
    const others = Array.from({ length: 5 }, () => new TestChain());
    const ids: string[] = [];
    for (const chain of others) ids.push(...(await chain.append(grants(1))));
    const sink = await new TestSink().write();
    await sink.stub.meet(sink.name, [alone.head, ...others.map(({ head }) => head)]);
    await sink.run(8);
    expect(receivers.idsAt(SIEM).toSorted()).toEqual(ids.toSorted());
    expect(await sink.stub.status()).toMatchObject({ error: expect.stringMatching(/./) });
  });

  it("that begins now is sent what is recorded from then on, and a newer ledger's from its first record", async () => {
    const chain = new TestChain();
    await chain.append(grants(4));
    const sink = await new TestSink().write({ begin: "now" });
    await sink.meet(chain);
    expect(await sink.run()).toBe(0);
    const newer = new TestChain();
    const ids = [...(await chain.append(grants(2))), ...(await newer.append(grants(1)))];
    await sink.meet(chain, newer);
    await sink.run();
    expect(receivers.idsAt(SIEM).toSorted()).toEqual(ids.toSorted());
  });

  it("that dies after it took a message is sent the same again, under the same id", async () => {
    const chain = new TestChain();
    await chain.append(grants(2));
    const sink = await new TestSink().write();
    await sink.meet(chain);
    const sent: (string | null)[] = [];
    receivers.answer = ({ headers }) => {
      sent.push(headers.get("webhook-id"));
      if (sent.length === 1) throw new TypeError("connection lost");
      return new Response("ok");
    };
    await sink.run();
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
  });

  it("waits ever longer after each failure, and as long as it is asked to, within bounds", async () => {
    const chain = new TestChain();
    await chain.append(grants(1));
    const sink = await new TestSink().write();
    await sink.meet(chain);
    const delays: number[] = [];
    const next = async (answer: () => Response): Promise<void> => {
      receivers.answer = answer;
      const before = Date.now();
      await sink.run(1);
      delays.push(Math.round(((await armed(sink)) ?? 0) - before) / 1000);
    };
    for (let attempt = 0; attempt < 3; attempt += 1) await next(() => new Response("no", { status: 500 }));
    await next(() => new Response("no", { status: 429, headers: { "retry-after": "60" } }));
    await next(() => new Response("no", { status: 429, headers: { "retry-after": "999999" } }));
    const expected = [2, 4, 8, 60, LIMITS.sinkRetryMaximumMilliseconds / 1000];
    delays.forEach((delay, at) => expect(Math.abs(delay - (expected[at] ?? 0))).toBeLessThan(2));
  });

  it("holds no other up while it is down or slow", async () => {
    const chain = new TestChain();
    const ids = await chain.append(grants(2));
    const dead = await new TestSink().write({ type: "otlp", url: "https://otlp.example.net/v1/logs", secret: "OTLP" });
    const alive = await new TestSink().write();
    receivers.answer = ({ url }) => new Response("", { status: url.includes("otlp") ? 500 : 200 });
    await dead.meet(chain);
    await alive.meet(chain);
    await dead.run(3);
    await alive.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
  });

  it("does not move on past a record whose place in the archive is empty, and goes on when it is there", async () => {
    const chain = new TestChain();
    await chain.append(grants(1));
    const late = await chain.cut([makeEvent()]);
    const sink = await new TestSink().write();
    await sink.stub.meet(sink.name, [late.head]);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toHaveLength(1);
    await env.AUDIT_ARCHIVE.put(late.object.name, late.object.content);
    await sink.stub.meet(sink.name, [late.head]);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toHaveLength(2);
  });

  // Whoever can write to the bucket must not be able to feed a SIEM what no ledger wrote.
  it("is sent nothing that the chain does not prove", async () => {
    const chain = new TestChain();
    const forged = await chain.cut([makeEvent({ subject: "forged" })]);
    const ids = await chain.append(grants(1));
    await env.AUDIT_ARCHIVE.put(
      forged.object.name.replace(/-[0-9a-f]{64}/, `-${"0".repeat(64)}`),
      forged.object.content,
    );
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
    const broken = new TestChain();
    const alone = await broken.cut([makeEvent()]);
    await env.AUDIT_ARCHIVE.put(alone.object.name, alone.object.content.replace("granted", "refused"));
    const other = await new TestSink().write();
    await other.stub.meet(other.name, [alone.head]);
    await other.run(1);
    expect(await other.stub.status()).toMatchObject({ error: "archive_broken", delivered: 0 });
  });

  it("is sent the types and decisions that it asks for, and passes over the others for good", async () => {
    const chain = new TestChain();
    const ids = await chain.append([{ decision: "refused" }, {}, { type: "gateway_call", decision: "refused" }]);
    const sink = await new TestSink().write({ types: ["redemption"], decisions: ["refused", "failed"] });
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids.slice(0, 1));
    await sink.meet(chain);
    expect(await sink.run()).toBe(0);
  });

  it("gets many records in messages of a size that it takes", async () => {
    const chain = new TestChain();
    const count = LIMITS.sinkMessageRecords + 1;
    await chain.append(grants(count));
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.taken.length).toBeGreaterThan(1);
    for (const { body } of receivers.taken) {
      expect(body.length).toBeLessThanOrEqual(LIMITS.sinkMessageBytes);
      expect(recordsIn(body).length).toBeLessThanOrEqual(LIMITS.sinkMessageRecords);
    }
    expect(receivers.idsAt(SIEM)).toHaveLength(count);
  });

  it.each([
    ["a secret that is not there", { secret: "NONE" }, "secret_missing"],
    ["a secret of another origin", { url: "https://elsewhere.example.net/" }, "secret_of_another_origin"],
    ["a secret without an origin", { secret: "SHAPELESS" }, "secret_malformed"],
    ["a secret that signs nothing", { secret: "OTLP", url: "https://otlp.example.net/" }, "secret_malformed"],
  ])("with %s is sent nothing, and says so", async (_name, overrides, error) => {
    const chain = new TestChain();
    await chain.append(grants(1));
    const sink = await new TestSink().write(overrides);
    await sink.meet(chain);
    await sink.run(1);
    expect(await sink.stub.status()).toMatchObject({ error, failures: 1, delivered: 0 });
    expect(await armed(sink)).not.toBeNull();
    expect(globalThis.fetch).not.toHaveBeenCalled();
  });

  it("follows no redirect", async () => {
    const chain = new TestChain();
    await chain.append(grants(1));
    const sink = await new TestSink().write();
    await sink.meet(chain);
    receivers.answer = () =>
      new Response(null, { status: 307, headers: { location: "https://elsewhere.example.net" } });
    await sink.run(1);
    expect(await sink.stub.status()).toMatchObject({ error: "status_307", delivered: 0 });
    expect(vi.mocked(globalThis.fetch).mock.calls.map(([, init]) => init?.redirect)).toEqual(["manual"]);
  });

  it("rests while it is disabled or its document is gone, and goes on where it was", async () => {
    const chain = new TestChain();
    const ids = [...(await chain.append(grants(1)))];
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    ids.push(...(await chain.append(grants(1))));
    await sink.write({ enabled: false });
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toHaveLength(1);
    await env.TRUST_AND_POLICY.delete(`sink:${sink.name}`);
    await sink.meet(chain);
    await sink.run();
    expect(await armed(sink)).toBeNull();
    await sink.write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
  });

  it("hears of news without a round of upkeep, once it has begun", async () => {
    const chain = new TestChain();
    const sink = await new TestSink().write();
    await sink.stub.hear();
    expect(await armed(sink)).toBeNull();
    await sink.meet(chain);
    const ids = await chain.append(grants(1));
    await sink.stub.hear();
    expect(await armed(sink)).not.toBeNull();
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
  });
});

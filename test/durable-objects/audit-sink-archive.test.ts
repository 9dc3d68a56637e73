import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { archiveName } from "../../src/audit/archive-name.ts";
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

const junkHash = (at: number): string => String(at).padStart(64, "0");

/** Batches that claim this record's place, whose names come before that of any true one. */
async function claim({ name }: TestChain, firstSequence: number, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) =>
    archiveName({ chain: name, firstSequence, lastSequence: firstSequence, hash: junkHash(at) }),
  );
  await Promise.all(names.map((each) => env.AUDIT_ARCHIVE.put(each, '{"forged":true}\n')));
}

/** A chain of batches of one record each, of which the bucket's rule has taken the oldest. */
async function expiredChain(batches: number, gone: number) {
  const chain = new TestChain();
  const ids: string[] = [];
  const names: string[] = [];
  for (let at = 0; at < batches; at += 1) {
    ids.push(...(await chain.append([{}])));
    const { sequence, hash } = chain.head;
    names.push(archiveName({ chain: chain.name, firstSequence: sequence, lastSequence: sequence, hash: hash ?? "" }));
  }
  await env.AUDIT_ARCHIVE.delete(names.slice(0, gone));
  return { chain, ids };
}

describe("a record that this version cannot read", () => {
  const later = JSON.stringify({ version: 2, id: "of-a-later-version", type: "telepathy", decision: "granted" });

  it("is sent as its ledger wrote it, in its order, and is told", async () => {
    const chain = new TestChain();
    const [first] = await chain.append([{}]);
    await chain.appendLines(later, "no JSON at all", "[1]");
    const [last] = await chain.append([{}]);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    const sent = receivers.taken.flatMap(({ body }) => recordsIn(body));
    expect(sent).toMatchObject([
      { id: first },
      JSON.parse(later),
      { id: `${chain.name}:3`, unread: "no JSON at all" },
      { id: `${chain.name}:4`, unread: "[1]" },
      { id: last },
    ]);
    expect(await sink.stub.status()).toMatchObject({ delivered: 5, unread: 3 });
  });

  it("is OCSF's base event with all of it inside, where a sink asks for OCSF", async () => {
    const chain = new TestChain();
    await chain.appendLines(later);
    const sink = await new TestSink().write({ format: "ocsf" });
    await sink.meet(chain);
    await sink.run();
    expect(recordsIn(receivers.taken[0]?.body ?? "")).toMatchObject([
      { class_uid: 0, type_uid: 0, metadata: { uid: "of-a-later-version" }, raw_data: later },
    ]);
  });

  it("is a record of Splunk's and a log of OpenTelemetry's as well", async () => {
    const chain = new TestChain();
    await chain.appendLines(later);
    const splunk = await new TestSink().write({ type: "splunk_hec" });
    const logs = await new TestSink().write({ type: "otlp", secret: undefined });
    for (const sink of [splunk, logs]) {
      await sink.meet(chain);
      await sink.run();
    }
    expect(receivers.taken).toHaveLength(2);
    for (const { body } of receivers.taken) expect(body).toContain("of-a-later-version");
  });

  it("is left out only where it says of itself that it is none of what was asked for", async () => {
    const chain = new TestChain();
    await chain.appendLines(later, "no JSON at all");
    const sink = await new TestSink().write({ types: ["redemption"] });
    await sink.meet(chain);
    await sink.run();
    expect(receivers.taken.flatMap(({ body }) => recordsIn(body))).toMatchObject([{ unread: "no JSON at all" }]);
  });
});

describe("whoever can write to the bucket", () => {
  it("hides no record from a sink behind many that claim its place", async () => {
    const chain = new TestChain();
    const ids = [...(await chain.append([{}]))];
    await claim(chain, 2, LIMITS.sinkObjectsPerRead + 10);
    ids.push(...(await chain.append([{}], [{}])));
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
    expect(await sink.stub.status()).toMatchObject({ failures: 0 });
  });

  it("is told of where there are more than anybody looks through, and what came before is sent", async () => {
    const chain = new TestChain();
    const ids = await chain.append([{}]);
    await claim(chain, 2, LIMITS.sinkCandidates);
    await chain.append([{}]);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run(2);
    expect(receivers.idsAt(SIEM)).toEqual(ids);
    expect(await sink.stub.status()).toMatchObject({ error: "archive_broken" });
  });

  // Its hash says nothing of the numbers in its name, and a name that claims fewer comes before the true one.
  it("misplaces no record by a true batch under a name that claims fewer or more of them", async () => {
    const chain = new TestChain();
    const { object, head } = await chain.cut([makeEvent(), makeEvent()]);
    for (const lastSequence of [1, 900]) {
      const name = archiveName({ chain: chain.name, firstSequence: 1, lastSequence, hash: head.hash });
      await env.AUDIT_ARCHIVE.put(name, object.content);
    }
    await env.AUDIT_ARCHIVE.put(object.name, object.content);
    const sink = await new TestSink().write();
    await sink.stub.meet(sink.name, [head]);
    await sink.run(2);
    expect(receivers.taken.flatMap(({ body }) => recordsIn(body))).toHaveLength(2);
    expect((await sink.stub.status()).cursors).toEqual([
      { chain: chain.name, through: head.sequence, hash: head.hash },
    ]);
  });

  it("fills no memory with an object that is larger than any of ours", async () => {
    const chain = new TestChain();
    const large = archiveName({ chain: chain.name, firstSequence: 1, lastSequence: 1, hash: junkHash(1) });
    await env.AUDIT_ARCHIVE.put(large, new Uint8Array(LIMITS.archiveObjectBytes + 1));
    const read = vi.spyOn(env.AUDIT_ARCHIVE, "get");
    const ids = await chain.append([{}]);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
    expect(read.mock.calls.flat()).not.toContain(large);
  });
});

describe("an archive whose oldest records are gone", () => {
  it("is sent to a sink that begins at the beginning from the oldest that can be proved", async () => {
    const { chain, ids } = await expiredChain(8, 3);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    // The fourth is the oldest that is left: what proves it is gone, and it proves the fifth.
    expect(receivers.idsAt(SIEM)).toEqual(ids.slice(4));
    expect(await sink.stub.status()).toMatchObject({ failures: 0, missed: 4 });
    const more = await chain.append([{}]);
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual([...ids.slice(4), ...more]);
  });

  it("is followed from what the ledger says where nothing else is left", async () => {
    const { chain } = await expiredChain(3, 3);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(await sink.stub.status()).toMatchObject({ failures: 0, missed: 3, delivered: 0 });
    const more = await chain.append([{}]);
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(more);
  });

  // A chain of his own, sound in itself, in front of what is left.
  it.each([
    ["that ends where what is left begins", 4],
    ["that goes on to the ledger's newest record", 8],
  ])("is given no other past %s by whoever can write to the bucket", async (_name, count) => {
    const { chain, ids } = await expiredChain(8, 4);
    const forged = new TestChain(chain.name);
    for (let at = 0; at < count; at += 1) await forged.append([{ subject: "forged" }]);
    // Not from the first record on, which the chain's own name would prove wrong.
    const [first = ""] = await keysOf(chain);
    await env.AUDIT_ARCHIVE.delete(first);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids.slice(5));
    expect(receivers.taken.map(({ body }) => body).join("")).not.toContain("forged");
  });

  it("keeps a sink that had begun waiting for an hour, loses nothing that is put back, and says so meanwhile", async () => {
    const chain = new TestChain();
    const before = await chain.append([{}]);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    await chain.append([{}]);
    const keys = await keysOf(chain);
    await env.AUDIT_ARCHIVE.delete(keys[1] ?? "");
    await chain.append([{}]);
    await sink.meet(chain);
    await sink.run(4);
    expect(receivers.idsAt(SIEM)).toEqual(before);
    expect(await sink.stub.status()).toMatchObject({ error: "archive_gap", missed: 0 });
    vi.setSystemTime(Date.now() + LIMITS.sinkGapMilliseconds);
    await sink.meet(chain);
    await sink.run(4);
    // The batch after the gap is its anchor: nothing is left that proves it.
    expect(receivers.idsAt(SIEM)).toEqual(before);
    expect(await sink.stub.status()).toMatchObject({ failures: 0, missed: 2 });
    const last = await chain.append([{}]);
    await sink.meet(chain);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual([...before, ...last]);
  });

  it("does not take for gone what names of no batch stand in front of", async () => {
    const chain = new TestChain();
    const before = await chain.append([{}]);
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    await chain.append([{}]);
    await chain.append([{}]);
    const [, first = "", second = ""] = await keysOf(chain);
    await env.AUDIT_ARCHIVE.delete([first, second]);
    const junk = Array.from({ length: LIMITS.sinkCandidates }, (_, number) => `${second}-${number}`);
    await Promise.all(junk.map((key) => env.AUDIT_ARCHIVE.put(key, "junk")));
    await chain.append([{}]);
    const last = await chain.append([{}]);
    await sink.meet(chain);
    await sink.run(4);
    vi.setSystemTime(Date.now() + LIMITS.sinkGapMilliseconds);
    await sink.meet(chain);
    await sink.run(4);
    expect(receivers.idsAt(SIEM)).toEqual(before);
    expect(await sink.stub.status()).toMatchObject({ error: "archive_broken", missed: 0 });
    await env.AUDIT_ARCHIVE.delete(junk);
    vi.setSystemTime(Date.now() + LIMITS.sinkGapMilliseconds);
    await sink.run(4);
    vi.setSystemTime(Date.now() + LIMITS.sinkGapMilliseconds);
    await sink.meet(chain);
    await sink.run(4);
    expect(receivers.idsAt(SIEM)).toEqual([...before, ...last]);
  });

  it("gives a sink that waits what was put back", async () => {
    const chain = new TestChain();
    const ids = [...(await chain.append([{}]))];
    const sink = await new TestSink().write();
    await sink.meet(chain);
    await sink.run();
    ids.push(...(await chain.append([{}])));
    const keys = await keysOf(chain);
    const text = (await (await env.AUDIT_ARCHIVE.get(keys[1] ?? ""))?.text()) ?? "";
    await env.AUDIT_ARCHIVE.delete(keys[1] ?? "");
    ids.push(...(await chain.append([{}])));
    await sink.meet(chain);
    await sink.run(3);
    expect(await sink.stub.status()).toMatchObject({ error: "archive_gap" });
    await env.AUDIT_ARCHIVE.put(keys[1] ?? "", text);
    await sink.run();
    expect(receivers.idsAt(SIEM)).toEqual(ids);
    expect(await sink.stub.status()).toMatchObject({ failures: 0, missed: 0 });
  });
});

async function keysOf({ name }: TestChain): Promise<readonly string[]> {
  const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: `events/v1/${name}/` });
  return objects.map(({ key }) => key);
}

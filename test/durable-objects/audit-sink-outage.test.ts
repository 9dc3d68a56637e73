import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { Receivers, recordsIn, TestChain, TestSink } from "../support/sinks.ts";

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;
const DEAD = "dead.example.net";
let receivers: Receivers;

beforeEach(() => {
  // The clock of the object's alarms is the machine's: a year behind this one, none goes off by itself.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 365 * 86_400_000 });
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  receivers = new Receivers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function alarmOf(sink: TestSink): Promise<number> {
  const at = await runInDurableObject(sink.stub, (_object, state) => state.storage.getAlarm());
  if (at === null) throw new TypeError("a sink that is behind would never try again");
  return at;
}

/** Lets the next alarm go off when it is due. @returns how long that was waited for */
async function attempt(sink: TestSink): Promise<number> {
  const [at, now] = [await alarmOf(sink), Date.now()];
  vi.setSystemTime(Math.max(at, now));
  await sink.run(1);
  return Math.max(0, at - now);
}

/** Whatever has reached the receiver that is down, whether or not we were told that it took it. */
function receiveBadly(): string[] {
  const reached: string[] = [];
  let requests = 0;
  receivers.answer = ({ url }, body) => {
    if (new URL(url).host !== DEAD) return new Response("ok");
    requests += 1;
    // Once in a while it takes a message and dies before it says so.
    if (requests % 50 === 0) {
      reached.push(...recordsIn(body).map(({ id }) => id));
      throw new TypeError("connection lost");
    }
    const headers = { "retry-after": requests % 7 === 0 ? "86400" : "1" };
    return new Response("no", { status: requests % 2 === 0 ? 503 : 429, headers });
  };
  return reached;
}

describe("a sink whose receiver is down for a day", () => {
  it("gets everything afterwards, each record once by its id, without holding up another, and is tried all day", async () => {
    const chains = [new TestChain(), new TestChain()];
    const ids: string[][] = [[], []];
    const write = async (): Promise<void> => {
      for (const [at, chain] of chains.entries()) ids[at]?.push(...(await chain.append([{}, {}, {}])));
    };
    const down = await new TestSink().write({ url: `https://${DEAD}/crossgate`, secret: "DEAD" });
    const alive = await new TestSink().write();
    const reached = receiveBadly();
    await write();
    await down.meet(...chains);
    await alive.meet(...chains);
    await alive.run();

    const began = Date.now();
    const waits: number[] = [];
    for (let hour = 1; hour <= 24; hour += 1) {
      while (Date.now() < began + hour * HOUR_MILLISECONDS) waits.push(await attempt(down));
      await write();
      const due = await alarmOf(down);
      await down.meet(...chains);
      // News are no reason to try sooner.
      expect(await alarmOf(down)).toBe(due);
      await alive.meet(...chains);
      await alive.run();
      expect(receivers.idsAt("siem.example.net")).toHaveLength(ids.flat().length);
    }
    expect(Math.max(...waits)).toBe(LIMITS.sinkRetryMaximumMilliseconds);
    // As often as the longest wait allows, and a few more before it was that long.
    expect(waits.length).toBeLessThanOrEqual(DAY_MILLISECONDS / LIMITS.sinkRetryMaximumMilliseconds + 10);
    expect(await down.stub.status()).toMatchObject({ delivered: 0, failures: waits.length });

    receivers.answer = ({ url }, body) => {
      if (new URL(url).host === DEAD) reached.push(...recordsIn(body).map(({ id }) => id));
      return new Response("ok");
    };
    vi.setSystemTime(await alarmOf(down));
    const recovered = Date.now();
    // From the first success on, without a wait: this day's records in one alarm.
    expect(await down.run()).toBe(1);
    expect(Date.now() - recovered).toBeLessThan(LIMITS.sinkRetryMinimumMilliseconds);
    const once = [...new Set(reached)];
    expect(once.toSorted()).toEqual(ids.flat().toSorted());
    for (const theirs of ids) expect(once.filter((id) => theirs.includes(id))).toEqual(theirs);
    expect(reached.length).toBeGreaterThan(once.length);
    expect(await down.stub.status()).toMatchObject({ failures: 0, delivered: ids.flat().length, missed: 0 });
  });
});

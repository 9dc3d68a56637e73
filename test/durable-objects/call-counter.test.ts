import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallCounter } from "../../durable-objects/call-counter.ts";
import { seededRandom } from "../support/gateway.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
afterEach(() => vi.useRealTimers());

const SECOND = 1000;
const LEASE = 150 * SECOND;

function makeCounter() {
  const name = `test/${crypto.randomUUID()}`;
  return () => env.CALL_COUNTER.getByName(name);
}

function advance(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

const losses: [string, (counter: ReturnType<typeof makeCounter>) => Promise<unknown>][] = [
  ["an eviction", (counter) => evictDurableObject(counter())],
  ["a crash", () => abortAllDurableObjects()],
];

describe("calls in a time", () => {
  it("are so many of any number that come at once, and no more", async () => {
    const counter = makeCounter();
    const admitted = await Promise.all(Array.from({ length: 50 }, () => counter().count(7, 10 * SECOND)));
    expect(admitted.filter(({ isAdmitted }) => isAdmitted)).toHaveLength(7);
  });

  it("never are more in any stretch of that time, in 2,000 random calls", async () => {
    const counter = makeCounter();
    const random = seededRandom(7);
    const made: number[] = [];
    for (let call = 0; call < 2_000; call += 1) {
      advance(random(900));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if ((await counter().count(5, 10 * SECOND)).isAdmitted) made.push(Date.now());
    }
    expect(made.length).toBeGreaterThan(400);
    expect(made.every((at, index) => at - (made[index - 5] ?? Number.NEGATIVE_INFINITY) >= 10 * SECOND)).toBe(true);
  });

  it("say when there is room again, and then there is", async () => {
    const counter = makeCounter();
    await counter().count(2, 10 * SECOND);
    advance(3 * SECOND);
    await counter().count(2, 10 * SECOND);
    expect(await counter().count(2, 10 * SECOND)).toEqual({ isAdmitted: false, retryAfterMilliseconds: 7 * SECOND });
    // For a rule that has been made stricter, both have to leave.
    expect(await counter().count(1, 10 * SECOND)).toEqual({ isAdmitted: false, retryAfterMilliseconds: 10 * SECOND });
    advance(7 * SECOND - 1);
    expect((await counter().count(2, 10 * SECOND)).isAdmitted).toBe(false);
    advance(1);
    expect((await counter().count(2, 10 * SECOND)).isAdmitted).toBe(true);
  });

  it.each(losses)("are not forgotten after %s", async (_name, lose) => {
    const counter = makeCounter();
    await counter().count(1, 10 * SECOND);
    await lose(counter);
    expect((await counter().count(1, 10 * SECOND)).isAdmitted).toBe(false);
  });
});

describe("calls at the same time", () => {
  it("are so many of any number that come at once, and one more when one has left", async () => {
    const counter = makeCounter();
    const leases = Array.from({ length: 20 }, () => crypto.randomUUID());
    const entered = await Promise.all(leases.map((lease) => counter().enter(lease, 3, LEASE)));
    expect(entered.filter(Boolean)).toHaveLength(3);
    await counter().leave("nobody's");
    expect(await counter().enter("another", 3, LEASE)).toBe(false);
    await counter().leave(leases[entered.indexOf(true)] ?? "");
    expect(await counter().enter("another", 3, LEASE)).toBe(true);
    expect(await counter().enter("one more", 3, LEASE)).toBe(false);
  });

  it("take one place for one call, however often it asks", async () => {
    const counter = makeCounter();
    expect(await counter().enter("one", 2, LEASE)).toBe(true);
    expect(await counter().enter("one", 2, LEASE)).toBe(true);
    expect(await counter().enter("two", 2, LEASE)).toBe(true);
  });

  it("end with their lease where nobody ends them, unless it is renewed in time", async () => {
    const counter = makeCounter();
    await counter().enter("died", 2, LEASE);
    await counter().enter("lives", 2, LEASE);
    advance(LEASE - 1);
    await counter().renew("lives", LEASE);
    expect(await counter().enter("next", 2, LEASE)).toBe(false);
    advance(1);
    expect(await counter().enter("next", 2, LEASE)).toBe(true);
    // Too late: its place is another's.
    await counter().renew("died", LEASE);
    await counter().leave("lives");
    expect(await counter().enter("last", 2, LEASE)).toBe(true);
  });

  it.each(losses)("are not forgotten after %s", async (_name, lose) => {
    const counter = makeCounter();
    await counter().enter("one", 1, LEASE);
    await lose(counter);
    expect(await counter().enter("two", 1, LEASE)).toBe(false);
    await counter().leave("one");
    expect(await counter().enter("two", 1, LEASE)).toBe(true);
  });
});

describe("a counter", () => {
  it("of whoever calls no more keeps nothing", async () => {
    const counter = makeCounter();
    await counter().count(5, 10 * SECOND);
    advance(6 * SECOND);
    await counter().count(5, 10 * SECOND);
    advance(4 * SECOND);
    await runDurableObjectAlarm(counter());
    advance(6 * SECOND);
    await runDurableObjectAlarm(counter());
    const kept = await runInDurableObject<CallCounter, number>(
      counter(),
      (_counter, { storage }) => [...storage.kv.list()].length,
    );
    expect([kept, await runDurableObjectAlarm(counter())]).toEqual([0, false]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Revocations } from "../../durable-objects/revocations.ts";
import { Outage } from "../../src/audit/reason.ts";
import { block, type Fence } from "../../src/revocation/fence.ts";
import type { FenceUpdate, Position } from "../../src/revocation/fence-set.ts";

const BLOCKED = block("client:a", "operator", { atMilliseconds: 1, isBlocked: true });
const CLIENT = { names: ["client:a"], signedInAtMilliseconds: 100 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.UTC(2031, 0, 1));
});

afterEach(() => {
  vi.useRealTimers();
});

/** A registry of which a test says what it holds and whether it answers. */
class FakeRegistry {
  fences: Fence[] = [];
  isDown = false;
  asked = 0;
  readonly background: Promise<unknown>[] = [];

  since({ version }: Position): Promise<FenceUpdate> {
    this.asked += 1;
    if (this.isDown) return Promise.reject(new Error("down"));
    const fences = this.fences.slice(version);
    return Promise.resolve({ epoch: "one", from: version, version: this.fences.length, fences, isLast: true });
  }

  isolate(): Revocations {
    return new Revocations({
      registries: { getByName: () => this } as never,
      placement: { jurisdiction: null },
      waitUntil: (promise) => void this.background.push(promise),
    });
  }

  async settle(): Promise<void> {
    await Promise.all(this.background.splice(0));
  }
}

async function outcome(isolate: Revocations): Promise<boolean | string> {
  return isolate.stops(CLIENT).catch((error: unknown) => (error instanceof Outage ? error.reason : "fault"));
}

function advance(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

describe("an isolate", () => {
  it("that is new asks before it decides", async () => {
    const registry = new FakeRegistry();
    registry.fences.push(BLOCKED);
    expect(await outcome(registry.isolate())).toBe(true);
  });

  // Promise 3, G7: at whatever pace it is asked.
  it.each([200, 900, 1_600, 2_900, 4_000, 60_000])("asked every %i ms refuses within 5 s", async (pace) => {
    const registry = new FakeRegistry();
    const isolate = registry.isolate();
    for (let at = 0; at < 7; at += 1) {
      expect(await outcome(isolate)).toBe(false);
      await registry.settle();
      advance(pace);
    }
    registry.fences.push(BLOCKED);
    const revokedAt = Date.now();
    while (!((await outcome(isolate)) === true)) {
      await registry.settle();
      advance(pace);
      expect(Date.now() - revokedAt).toBeLessThan(5_000);
    }
  });

  it("asks in passing while it is busy, so that no call waits, and seldom", async () => {
    const registry = new FakeRegistry();
    const isolate = registry.isolate();
    await outcome(isolate);
    for (let at = 0; at < 600; at += 1) {
      advance(100);
      const asked = registry.asked;
      await outcome(isolate);
      // What is asked in passing has been handed over, and not been waited for.
      if (registry.asked > asked) expect(registry.background).toHaveLength(1);
      await registry.settle();
    }
    expect(registry.asked).toBeLessThanOrEqual(1 + 60_000 / 1_500);
  });

  it("goes by what it knows through a short outage, and by nothing through a longer one", async () => {
    const registry = new FakeRegistry();
    const isolate = registry.isolate();
    await outcome(isolate);
    registry.isDown = true;
    advance(2_000);
    expect(await outcome(isolate)).toBe(false);
    await registry.settle();
    advance(1_000);
    expect(await outcome(isolate)).toBe("revocations_unavailable");
    registry.isDown = false;
    expect(await outcome(isolate)).toBe(false);
  });

  // In this runtime a flag would stay set for ever once the request that set it was cut off.
  it("asks again in passing, though an earlier question never came to an end", async () => {
    const registry = new FakeRegistry();
    const isolate = registry.isolate();
    await outcome(isolate);
    const since = vi.spyOn(registry, "since").mockImplementation(() => new Promise(() => undefined));
    advance(1_500);
    await outcome(isolate);
    expect(since).toHaveBeenCalledOnce();
    since.mockRestore();
    advance(1_500);
    registry.fences.push(BLOCKED);
    expect(await outcome(isolate)).toBe(true);
  });
});

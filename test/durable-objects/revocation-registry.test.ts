import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LeaseRequest, RevocationRegistry } from "../../durable-objects/revocation-registry.ts";
import { block, signInAgain } from "../../src/revocation/fence.ts";
import { type FenceUpdate, NOTHING_HEARD, type Position } from "../../src/revocation/fence-set.ts";
import { LIMITS } from "../../src/limits.ts";
import { assertionOf, cutOff, ledgersOf, redeem, registry, someone } from "../support/revocations.ts";

/** Each test is an hour after the one before, so that no lease is left over. */
let start = Date.UTC(2031, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  start += 3_600_000;
  vi.setSystemTime(start);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const LEASE_OVER = LIMITS.fenceLeaseMilliseconds + LIMITS.fenceLeaseMarginMilliseconds + 1;

function advance(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

/** Every shard asks for a lease, which it has when it answers. */
async function wake(shards: number, ...names: readonly string[]): Promise<void> {
  const ledgers = ledgersOf(shards);
  await Promise.all(Array.from({ length: shards * 6 }, () => redeem(ledgers, ...names)));
}

/** Whatever the spread, this one has a lease. */
async function holdLease(ledger: string, who: string): Promise<void> {
  const { fenced } = assertionOf([who]);
  const request = { key: crypto.getRandomValues(new Uint8Array(16)).buffer, attemptId: crypto.randomUUID(), fenced };
  const retainUntilSeconds = Date.now() / 1000 + 60;
  await env.ASSERTION_LEDGER.getByName(ledger).consume({ ...request, event: null, retainUntilSeconds });
}

async function redeemMany(shards: number, count: number, ...names: readonly string[]): Promise<readonly string[]> {
  const ledgers = ledgersOf(shards);
  return Promise.all(
    Array.from({ length: count }, () => redeem(ledgers, ...names).catch((error: Error) => error.message)),
  );
}

describe("revoking", () => {
  it("is in effect everywhere when it says so, and spends nothing", async () => {
    const who = someone();
    await wake(4, who);
    const assertion = assertionOf([who]);
    expect(await registry().order([who], "block")).toMatchObject({ isEffective: true, waitingFor: 0 });
    expect(new Set(await redeemMany(4, 40, who))).toEqual(new Set(["revoked"]));
    expect(await ledgersOf(4).consume(assertion)).toBe("revoked");
    await registry().order([who], "restore");
    expect(await ledgersOf(4).consume(assertion)).toBe("consumed");
  });

  it("stops nobody else", async () => {
    const [who, other] = [someone(), someone()];
    await registry().order([who], "block");
    expect(await redeem(ledgersOf(4), other)).toBe("consumed");
  });

  it("ends a sign-in and not the next one [SSF-06]", async () => {
    const who = someone();
    await registry().join([signInAgain(who, 5_000)], "client");
    const at = (signedInAtMilliseconds: number) => ledgersOf(4).consume(assertionOf([who], { signedInAtMilliseconds }));
    expect([await at(4_999), await at(5_000), await at(5_001)]).toEqual(["revoked", "revoked", "consumed"]);
  });

  it("survives the registry and the ledgers starting anew", async () => {
    const who = someone();
    await registry().order([who], "block");
    await evictDurableObject(registry());
    for (let shard = 0; shard < 4; shard += 1)
      await evictDurableObject(env.ASSERTION_LEDGER.getByName(`ledger/v1/${shard}`));
    expect(new Set(await redeemMany(4, 20, who))).toEqual(new Set(["revoked"]));
  });

  it("that changes nothing has the version of what it repeats", async () => {
    const fence = block(someone(), "operator", { atMilliseconds: 5, isBlocked: true });
    const first = await registry().join([fence], "client");
    expect(await registry().join([fence], "client")).toEqual(first);
  });

  it("reaches both counts of shards while their number changes", async () => {
    const who = someone();
    const growing = ledgersOf(16, { shardsBefore: 4 });
    await Promise.all(Array.from({ length: 64 }, () => redeem(growing, who)));
    await registry().order([who], "block");
    const answers = await Promise.all(Array.from({ length: 64 }, () => redeem(growing, who)));
    expect(new Set(answers)).toEqual(new Set(["revoked"]));
    expect(new Set(await redeemMany(4, 20, who))).toEqual(new Set(["revoked"]));
  });

  // Otherwise an assertion that only the new owner refused would be called a replay once it may be used again.
  it("by the new owner alone leaves the assertion unspent at the old one", async () => {
    const who = someone();
    for (let round = 0; round < 12; round += 1) {
      const assertion = assertionOf([who]);
      const growing = ledgersOf(16, { shardsBefore: 4 });
      await registry().order([who], "block");
      expect(await growing.consume(assertion)).toBe("revoked");
      await registry().order([who], "restore");
      expect(await growing.consume(assertion)).toBe("consumed");
    }
  });
});

describe("a ledger that renews its lease while something is revoked", () => {
  const ledger = "the-ledger-of-a-renewal";

  function renewLease(heard: Position): Promise<FenceUpdate> {
    return runInDurableObject(registry(), (instance) => instance.renewLease({ ledger, heard }));
  }

  it("counts as knowing what it says it has heard, not what it is being told: the answer may be lost", async () => {
    const first = await renewLease(NOTHING_HEARD);
    const { version = 0 } = (await registry().order([someone()], "block")) ?? {};
    // Its old lease lasts, and by that one it still issues until this answer has reached it.
    const second = await renewLease(first);
    expect(second.version).toBe(version);
    expect(await registry().status(version)).toMatchObject({ isEffective: false });
    await renewLease(second);
    expect(await registry().status(version)).toMatchObject({ isEffective: true });
  });

  it("counts as knowing it where it had no lease to issue by", async () => {
    const { version = 0 } = (await registry().order([someone()], "block")) ?? {};
    await renewLease(NOTHING_HEARD);
    expect(await registry().status(version)).toMatchObject({ isEffective: true });
  });

  it("takes back nothing that was in effect, when it starts anew and has forgotten all", async () => {
    const { version = 0 } = (await registry().order([someone()], "block")) ?? {};
    await renewLease(NOTHING_HEARD);
    expect(await registry().status(version)).toMatchObject({ isEffective: true });
    await renewLease(NOTHING_HEARD);
    expect(await registry().status(version)).toMatchObject({ isEffective: true });
  });
});

describe("of 64 shards, one that cannot be reached", { timeout: 30_000 }, () => {
  const SHARDS = 64;
  const CUT_OFF = "ledger/v1/17";

  it("makes it 202; the others issue nothing, and neither does that one once its lease is over", async () => {
    const who = someone();
    await wake(SHARDS, who);
    await holdLease(CUT_OFF, who);
    cutOff((ledger) => ledger === CUT_OFF);
    const status = await registry().order([who], "block");
    expect(status).toMatchObject({ isEffective: false, waitingFor: 1 });
    const version = status?.version ?? 0;
    // Those that are issued now are all from the one that nobody could tell.
    const answers = await redeemMany(SHARDS, 200, who);
    expect(answers.filter((answer) => answer === "consumed").length).toBeLessThan(40);
    expect(await registry().status(version)).toMatchObject({ isEffective: false });
    await runDurableObjectAlarm(registry());
    expect(await registry().status(version)).toMatchObject({ isEffective: false });
    advance(LEASE_OVER);
    expect(await registry().status(version)).toMatchObject({ isEffective: true, waitingFor: 0 });
    // It finds out by asking for a lease, before it issues: nobody has told it yet.
    expect(new Set(await redeemMany(SHARDS, 200, who))).toEqual(new Set(["revoked"]));
  });

  it("hears of it as soon as it can be reached, and then it is in effect", async () => {
    const who = someone();
    await wake(SHARDS, who);
    await holdLease(CUT_OFF, who);
    let isDown = true;
    cutOff((ledger) => isDown && ledger === CUT_OFF);
    const version = (await registry().order([who], "block"))?.version ?? 0;
    isDown = false;
    await runDurableObjectAlarm(registry());
    expect(await registry().status(version)).toMatchObject({ isEffective: true });
    expect(new Set(await redeemMany(SHARDS, 200, who))).toEqual(new Set(["revoked"]));
  });

  it("issues nothing when it reaches no registry either", async () => {
    const who = someone();
    await wake(4, who);
    advance(LEASE_OVER);
    vi.spyOn(RevocationRegistry.prototype, "renewLease").mockImplementation(() => {
      throw new Error("unreachable");
    });
    expect(new Set(await redeemMany(4, 20, who))).toEqual(new Set(["revocations_unavailable"]));
  });
});

describe("a lease", { timeout: 30_000 }, () => {
  // The answer that grants it may be overtaken by the announcement of what it does not know.
  it("is worth nothing when it is older than what has been announced", async () => {
    const who = someone();
    const ledgers = ledgersOf(1);
    await redeem(ledgers, who);
    advance(LIMITS.fenceLeaseMilliseconds);
    // oxlint-disable-next-line typescript/unbound-method -- called on the object that the runtime called it on
    const { renewLease } = RevocationRegistry.prototype;
    let isFirst = true;
    vi.spyOn(RevocationRegistry.prototype, "renewLease").mockImplementation(async function late(
      this: RevocationRegistry,
      request: LeaseRequest,
    ) {
      const granted = renewLease.call(this, request);
      if (!isFirst) return granted;
      isFirst = false;
      // Granted, and on its way: meanwhile somebody is revoked, and the ledger is told.
      expect(await this.order([who], "block")).toMatchObject({ isEffective: true });
      return granted;
    } as never);
    expect(await redeem(ledgers, who)).toBe("revoked");
  });

  it("is counted by the ledger from before it asked, and by the registry from after, and longer", async () => {
    const who = someone();
    await redeem(ledgersOf(1), who);
    cutOff(() => true);
    const version = (await registry().order([who], "block"))?.version ?? 0;
    advance(LIMITS.fenceLeaseMilliseconds - 1);
    expect(await registry().status(version)).toMatchObject({ isEffective: false });
    advance(LIMITS.fenceLeaseMarginMilliseconds);
    expect(await registry().status(version)).toMatchObject({ isEffective: false });
    expect(await redeem(ledgersOf(1), who)).toBe("revoked");
  });

  it("is given with the last page of what there is to hear, and no page leaves out a part of a version", async () => {
    const many = env.REVOCATION_REGISTRY.getByName(crypto.randomUUID());
    const orders = [1, 2, 3].map((order) =>
      Array.from({ length: 900 }, (_, at) => signInAgain(`token:${order}-${at}`, 1)),
    );
    for (const fences of orders) await many.join(fences, "client");
    const ledger = "a-ledger-that-hears-for-the-first-time";
    const first = await many.renewLease({ ledger, heard: NOTHING_HEARD });
    expect(first).toMatchObject({ isLast: false, version: 2 });
    expect(await many.status(3)).toMatchObject({ ledgers: 0 });
    const second = await many.renewLease({ ledger, heard: first });
    expect(second).toMatchObject({ isLast: true, version: 3 });
    expect(new Set([...first.fences, ...second.fences].map(({ name }) => name)).size).toBe(2700);
    expect(await many.status(3)).toMatchObject({ ledgers: 1 });
  });

  it("is renewed ahead of time by a ledger that is busy, so that no redemption waits for it", async () => {
    const who = someone();
    const renew = vi.spyOn(RevocationRegistry.prototype, "renewLease");
    await redeem(ledgersOf(1), who);
    const before = renew.mock.calls.length;
    for (let second = 0; second < 60; second += 1) {
      advance(1_000);
      for (let at = 0; at < 5; at += 1) await redeem(ledgersOf(1), who);
    }
    const asked = renew.mock.calls.length - before;
    expect(asked).toBeGreaterThanOrEqual(5);
    expect(asked).toBeLessThanOrEqual(7);
  });
});

describe("an answer that took longer than the registry waits past a lease", () => {
  it("is asked for again, so that a revocation that was in effect meanwhile is heard of", async () => {
    const consume = vi
      .fn<() => Promise<string>>()
      .mockImplementationOnce(async () => {
        advance(LIMITS.fenceLeaseMarginMilliseconds + 1);
        return "consumed";
      })
      .mockResolvedValueOnce("fenced");
    const { LedgerShards } = await import("../../durable-objects/ledger-shards.ts");
    const ledgers = new LedgerShards({ getByName: () => ({ consume }) } as never, {
      shards: 1,
      shardsBefore: null,
      jurisdiction: null,
      locationHint: null,
    });
    expect(await redeem(ledgers, someone())).toBe("revoked");
    expect(consume).toHaveBeenCalledTimes(2);
  });
});

describe("the registry", { timeout: 30_000 }, () => {
  it("gives its whole story in pages, to whoever has heard nothing", async () => {
    const names = Array.from({ length: 30 }, someone);
    for (let at = 0; at < names.length; at += 1) await registry().order(names.slice(at, at + 1), "block");
    const heard = new Set<string>();
    let position = NOTHING_HEARD;
    for (let isLast = false; !isLast;) {
      const update = await registry().since(position);
      for (const fence of update.fences) heard.add(fence.name);
      [position, isLast] = [{ epoch: update.epoch, version: update.version }, update.isLast];
    }
    expect(names.every((name) => heard.has(name))).toBe(true);
  });

  it("forgets a fence when nothing can be alive any more that it would stop", async () => {
    const name = `token:${crypto.randomUUID()}`;
    const expiresAtMilliseconds = Date.now() + 1_000;
    await registry().join(
      [{ ...block(name, "operator", { atMilliseconds: 1, isBlocked: true }), expiresAtMilliseconds }],
      "client",
    );
    expect(await registry().find(name)).not.toBeNull();
    advance(1_001);
    await runDurableObjectAlarm(registry());
    expect(await registry().find(name)).toBeNull();
  });
});

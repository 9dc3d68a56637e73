import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connections, type Connecting } from "../../durable-objects/connections.ts";
import type { RevocationRegistry } from "../../durable-objects/revocation-registry.ts";
import { Vault } from "../../durable-objects/vault.ts";
import { LIMITS } from "../../src/limits.ts";
import { block, signInAgain } from "../../src/revocation/fence.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import type { RevocationStatus } from "../../src/revocation/status.ts";
import { Network } from "../support/authorization-server.ts";
import { IDP, person, RESOURCE, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";
import { registry } from "../support/revocations.ts";
import { startIsolate } from "../support/services.ts";

const { admin, signals } = startIsolate().services;
const connections = new Connections(vaultOf);
const FROM_IDP = `idp:${IDP}` as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  Network.ofNobody();
});

afterEach(async () => {
  vi.restoreAllMocks();
  Network.ofNobody();
  await endLater(120);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function connect(): Promise<Connecting & { readonly fence: string }> {
  const sub = crypto.randomUUID();
  const connecting = { owner: person(), subject: { issuer: IDP, tenant: null, sub } };
  await connections.keepIdentity(connecting, staleIdentity(sub, "r1"));
  await connections.keepGrant(connecting, RESOURCE, staleGrant("r2"));
  return { ...connecting, fence: fenceName("subject", IDP, sub) };
}

const count = async ({ owner }: Connecting): Promise<number> => (await connections.list(owner)).length;

/** The registry's alarm, after so long. */
async function endLater(seconds: number): Promise<void> {
  vi.setSystemTime(Date.now() + seconds * 1000);
  await runDurableObjectAlarm(registry());
}

async function waiting({ version }: RevocationStatus): Promise<number> {
  return (await admin.revocations.status(version)).peopleStillConnected;
}

describe("what a revoked person had connected", () => {
  it.each(["block", "sign_in_again"] as const)("is gone when an order to %s has been answered", async (order) => {
    const [ada, bob] = [await connect(), await connect()];
    expect(await admin.revocations.order([ada.fence], order)).toMatchObject({ peopleStillConnected: 0 });
    expect([await count(ada), await count(bob)]).toEqual([0, 2]);
  });

  it("stays when somebody is restored", async () => {
    const ada = await connect();
    await admin.revocations.order([ada.fence], "restore");
    expect(await count(ada)).toBe(2);
  });

  it("is gone when his provider has said that his sign-ins are over, or that he is disabled", async () => {
    const [ada, bob, eve] = [await connect(), await connect(), await connect()];
    const atMilliseconds = Date.now();
    const disabled = block(bob.fence, `signal:${IDP}`, { atMilliseconds, isBlocked: true });
    await signals.join([signInAgain(ada.fence, atMilliseconds), disabled], IDP);
    expect([await count(ada), await count(bob), await count(eve)]).toEqual([0, 0, 2]);
  });

  it("stays when his provider speaks of earlier, or only says that he is enabled again", async () => {
    const ada = await connect();
    const earlier = Date.now() - 10_000;
    await signals.join([signInAgain(ada.fence, earlier)], IDP);
    await signals.join([block(ada.fence, `signal:${IDP}`, { atMilliseconds: Date.now(), isBlocked: false })], IDP);
    expect(await count(ada)).toBe(2);
  });
});

describe("a vault that does not answer while somebody is revoked", () => {
  it.each(["endSignIns", "findConnected"] as const)(
    "(%s) takes nothing from the revocation, which says so and is done as soon as it can be",
    async (method) => {
      const ada = await connect();
      vi.spyOn(Vault.prototype, method).mockRejectedValueOnce(new Error("reset"));
      const status = await admin.revocations.order([ada.fence], "block");
      expect(status).toMatchObject({ isEffective: true, peopleStillConnected: 1 });
      expect([await count(ada), await waiting(status)]).toEqual([2, 1]);
      expect(await signals.isRevoked([ada.fence])).toBe(true);
      await endLater(2);
      expect([await count(ada), await waiting(status)]).toEqual([0, 0]);
    },
  );

  it("is asked again until it is done, also by a registry that has started anew", async () => {
    const ada = await connect();
    const failing = vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValue(new Error("down"));
    const status = await admin.revocations.order([ada.fence], "block");
    for (const seconds of [2, 4, 8]) {
      await endLater(seconds);
      expect(await waiting(status)).toBe(1);
    }
    failing.mockRestore();
    await evictDurableObject(registry());
    expect(await waiting(status)).toBe(1);
    await endLater(60);
    expect([await count(ada), await waiting(status)]).toEqual([0, 0]);
  });

  it("is asked again however many other orders come meanwhile", async () => {
    const [ada, bob] = [await connect(), await connect()];
    const began = Date.now();
    vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValueOnce(new Error("reset"));
    await admin.revocations.order([ada.fence], "block");
    const wakesAt = () =>
      runInDurableObject<RevocationRegistry, number | null>(registry(), (_registry, { storage }) => storage.getAlarm());
    const said = await wakesAt();
    for (const later of [500, 1_000, 1_500]) {
      vi.setSystemTime(began + later);
      await admin.revocations.order([bob.fence], "block");
    }
    expect(said).toBeGreaterThan(began);
    expect(await wakesAt()).toBe(said);
  });

  it("is done by giving the order again", async () => {
    const ada = await connect();
    vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValueOnce(new Error("reset"));
    await admin.revocations.order([ada.fence], "sign_in_again");
    expect(await admin.revocations.order([ada.fence], "sign_in_again")).toMatchObject({ peopleStillConnected: 0 });
    expect(await count(ada)).toBe(0);
  });

  it("ends no more, later, than it would have at once", async () => {
    const ada = await connect();
    vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValueOnce(new Error("reset"));
    await admin.revocations.order([ada.fence], "block");
    vi.setSystemTime(Date.now() + 60_000);
    await admin.revocations.order([ada.fence], "restore");
    await connections.keepGrant(ada, RESOURCE, staleGrant("r3"));
    await endLater(1);
    expect(await connections.list(ada.owner)).toMatchObject([{ kind: "grant", id: RESOURCE }]);
  });

  it("holds up neither the order nor anybody else, and is waited for by the orders that it belongs to alone", async () => {
    const [ada, bob] = [await connect(), await connect()];
    const before = await admin.revocations.order([bob.fence], "block");
    vi.spyOn(LIMITS, "fenceAnnouncementMilliseconds", "get" as never).mockReturnValue(20 as never);
    const never = new Promise<number>(() => undefined);
    vi.spyOn(Vault.prototype, "endSignIns").mockReturnValueOnce(never);
    const status = await admin.revocations.order([ada.fence], "block");
    expect([await waiting(before), await waiting(status), await count(bob)]).toEqual([0, 1, 0]);
  });

  it("is waited for by the order that was given first, when more of the same person is ended", async () => {
    const ada = await connect();
    vi.spyOn(Vault.prototype, "endSignIns").mockRejectedValue(new Error("down"));
    const first = await admin.revocations.order([ada.fence], "block");
    vi.setSystemTime(Date.now() + 1_000);
    const second = await revocationsJoin(ada.fence);
    expect([await waiting(first), await waiting(second)]).toEqual([1, 1]);
    vi.restoreAllMocks();
    await endLater(60);
    expect([await waiting(first), await waiting(second), await count(ada)]).toEqual([0, 0, 0]);
  });
});

async function revocationsJoin(fence: string): Promise<RevocationStatus> {
  const status = await registry().join([signInAgain(fence, Date.now())], FROM_IDP);
  if (status === null) throw new TypeError("no room");
  return status;
}

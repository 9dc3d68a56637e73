import { describe, expect, it } from "vitest";
import { Connections, type Connecting } from "../../durable-objects/connections.ts";
import { block, signInAgain } from "../../src/revocation/fence.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { IDP, person, RESOURCE, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";
import { startIsolate } from "../support/services.ts";

const { admin, signals } = startIsolate().services;
const connections = new Connections(vaultOf);

async function connect(): Promise<Connecting & { readonly fence: string }> {
  const sub = crypto.randomUUID();
  const connecting = { owner: person(), subject: { issuer: IDP, tenant: null, sub } };
  await connections.keepIdentity(connecting, staleIdentity(sub, "r1"));
  await connections.keepGrant(connecting, RESOURCE, staleGrant("r2"));
  return { ...connecting, fence: fenceName("subject", IDP, sub) };
}

const count = async ({ owner }: Connecting): Promise<number> => (await connections.list(owner)).length;

describe("what a revoked person had connected", () => {
  it.each(["block", "sign_in_again"] as const)(
    "is gone when an operator's order to %s has been answered",
    async (order) => {
      const [ada, bob] = [await connect(), await connect()];
      await admin.revocations.order([ada.fence], order);
      expect([await count(ada), await count(bob)]).toEqual([0, 2]);
    },
  );

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

  it("stays when his provider only says that he is enabled again", async () => {
    const ada = await connect();
    await signals.join([block(ada.fence, `signal:${IDP}`, { atMilliseconds: Date.now(), isBlocked: false })], IDP);
    expect(await count(ada)).toBe(2);
  });

  it("is an outage of the order while the vaults do not answer, which revokes all the same", async () => {
    const ada = await connect();
    const broken = { getByName: () => ({ findConnected: () => Promise.reject(new Error("reset")) }) };
    const isolate = startIsolate({ VAULT: broken });
    await expect(isolate.services.admin.revocations.order([ada.fence], "block")).rejects.toMatchObject({
      reason: "vault_unavailable",
    });
    expect(await signals.isRevoked([ada.fence])).toBe(true);
    await admin.revocations.order([ada.fence], "block");
    expect(await count(ada)).toBe(0);
  });
});

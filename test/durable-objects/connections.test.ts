import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connections, type Connecting } from "../../durable-objects/connections.ts";
import { Vault } from "../../durable-objects/vault.ts";
import { DEPLOYMENT } from "../../durable-objects/vault-owner.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { Network } from "../support/authorization-server.ts";
import { IDP, person, RESOURCE, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";

const connections = new Connections(vaultOf);

beforeEach(() => void Network.ofNobody());
afterEach(() => void vi.restoreAllMocks());

const START = Date.now() - 60_000;
/** In milliseconds: signed in, then ended, then signed in anew. */
const [SIGNED_IN, ENDED, ANEW] = [START, START + 10_000, START + 20_000];

async function connect(tenant: string | null = null, sub: string = crypto.randomUUID()): Promise<Connecting> {
  const connecting = { owner: person(), subject: { issuer: IDP, tenant, sub } };
  const signedIn = { signed_in_at: SIGNED_IN };
  expect(await connections.keepIdentity(connecting, staleIdentity(sub, "r1", signedIn))).toBe("kept");
  expect(await connections.keepGrant(connecting, RESOURCE, staleGrant("r2", signedIn))).toBe("kept");
  return connecting;
}

const count = async ({ owner }: Connecting): Promise<number> => (await connections.list(owner)).length;

const end = (name: string, throughMilliseconds = ENDED): Promise<number> =>
  connections.endSignIns({ name, throughMilliseconds });

describe("what a person has connected", () => {
  it("is ended by a revocation of the subject, of the principal, and of the subject in its tenant", async () => {
    const [ada, bob, eve] = [await connect(), await connect(), await connect("t1")];
    expect(await end(fenceName("subject", IDP, ada.subject.sub))).toBe(2);
    expect([await count(ada), await count(bob), await count(eve)]).toEqual([0, 2, 2]);
    expect(await end(fenceName("principal", bob.owner.owner))).toBe(2);
    expect([await count(bob), await count(eve)]).toEqual([0, 2]);
    expect(await end(fenceName("subject", IDP, eve.subject.sub, "t1"))).toBe(2);
    expect(await count(eve)).toBe(0);
  });

  it("is ended in every tenant where none is named, and in no other than the one that is", async () => {
    const sub = crypto.randomUUID();
    const [none, one, other] = [await connect(null, sub), await connect("t1", sub), await connect("t2", sub)];
    await end(fenceName("subject", IDP, sub, "t1"));
    expect([await count(none), await count(one), await count(other)]).toEqual([2, 0, 2]);
    await end(fenceName("subject", IDP, sub));
    expect([await count(none), await count(other)]).toEqual([0, 0]);
  });

  it("is nobody else's matter: not another provider's, and not what is revoked of other kinds", async () => {
    const ada = await connect();
    const { sub } = ada.subject;
    const others = [
      fenceName("subject", "https://other.example", sub),
      fenceName("subject", IDP, `${sub}x`),
      fenceName("client", sub),
      fenceName("issuer", IDP),
      fenceName("token", ada.owner.owner),
    ];
    for (const name of others) expect(await end(name)).toBe(0);
    expect(await count(ada)).toBe(2);
  });

  it("outlives an event that is older than the sign-in it rests on, however late that comes or how often", async () => {
    const ada = await connect();
    const name = fenceName("subject", IDP, ada.subject.sub);
    expect(await end(name, SIGNED_IN - 1)).toBe(0);
    expect(await end(name, SIGNED_IN - 1)).toBe(0);
    expect(await count(ada)).toBe(2);
    expect(await end(name, SIGNED_IN)).toBe(2);
  });

  it("may be ended twice, and connected again upon a new sign-in, which the older word does not reach", async () => {
    const ada = await connect();
    const name = fenceName("subject", IDP, ada.subject.sub);
    await end(name);
    expect(await end(name)).toBe(0);
    expect(await connections.keepGrant(ada, RESOURCE, staleGrant("r3", { signed_in_at: ANEW }))).toBe("kept");
    expect(await end(name)).toBe(0);
    expect(await count(ada)).toBe(1);
    expect(await end(name, ANEW)).toBe(1);
  });

  it("cannot be connected upon a sign-in that has been ended, also where it was older words that came last", async () => {
    const ada = await connect();
    const name = fenceName("subject", IDP, ada.subject.sub);
    await end(name);
    await end(name, SIGNED_IN);
    for (const signed_in_at of [0, SIGNED_IN, ENDED]) {
      expect(await connections.keepGrant(ada, RESOURCE, staleGrant("r3", { signed_in_at }))).toBe("revoked");
      expect(await connections.keepIdentity(ada, staleIdentity("a", "r3", { signed_in_at }))).toBe("revoked");
    }
    expect(await count(ada)).toBe(0);
  });

  it("gains nothing from a provider whose clock is ahead of ours", async () => {
    const ada = await connect();
    const ahead = { signed_in_at: Date.now() + 60_000 };
    expect(await connections.keepGrant(ada, RESOURCE, staleGrant("r3", ahead))).toBe("kept");
    expect(await end(fenceName("subject", IDP, ada.subject.sub), Date.now())).toBe(2);
  });

  it("is ended at whatever moment it is being kept, and found by whoever ends it again", async () => {
    const signedIn = { signed_in_at: SIGNED_IN };
    for (let before = 0; before <= 6; before += 1) {
      const ada = await connect();
      const vault = vaultOf(ada.owner);
      const steps = [
        () => connections.keepIdentity(ada, staleIdentity("a", "r3", signedIn)),
        () => vault.keepGrant(ada.owner, RESOURCE, staleGrant("r4", signedIn)),
        () => connections.keepGrant(ada, `${RESOURCE}/other`, staleGrant("r5", signedIn)),
        () =>
          vault.keepIdentity(ada.owner, staleIdentity("b", "r6", { ...signedIn, authorization_server: `${IDP}/b` })),
        () => connections.keepGrant(ada, `${RESOURCE}/third`, staleGrant("r7", signedIn)),
        () => vault.keepGrant(ada.owner, `${RESOURCE}/fourth`, staleGrant("r8", signedIn)),
      ];
      // All at once: the vault takes them in this order, and encrypts meanwhile.
      const ending = (): Promise<number> => end(fenceName("subject", IDP, ada.subject.sub));
      const all = [...steps.slice(0, before), ending, ...steps.slice(before)];
      await Promise.all(all.map((step): Promise<unknown> => step()));
      expect(await connections.list(ada.owner)).toEqual([]);
      expect(await vaultOf(DEPLOYMENT).findConnected({ principal: ada.owner.owner })).toEqual([ada.owner]);
    }
  });

  it("is ended also while nothing in a vault can be opened", async () => {
    const ada = await connect();
    const ended = await runInDurableObject(vaultOf(ada.owner), (_vault, state) =>
      new Vault(state, { ...env, VAULT_KEYS: "" }).endSignIns(ada.owner, ENDED),
    );
    expect([ended, await count(ada)]).toEqual([2, 0]);
  });

  it("counts as old where nobody knows upon which sign-in it rests", async () => {
    const ada = await connect();
    await runInDurableObject(vaultOf(ada.owner), (_vault, { storage }) => {
      storage.sql.exec("DELETE FROM sign_in");
    });
    expect(await end(fenceName("subject", IDP, ada.subject.sub), 1)).toBe(2);
  });

  it("is ended one by one", async () => {
    const ada = await connect();
    expect(await connections.disconnect(ada.owner, { kind: "identity", id: IDP })).toBe(1);
    expect(await connections.list(ada.owner)).toMatchObject([{ kind: "grant", id: RESOURCE }]);
  });

  it("is asked for in the deployment's vault alone", async () => {
    const { owner, subject } = await connect();
    await runInDurableObject(vaultOf(owner), (vault) => {
      expect(() => vault.addConnected(owner, subject)).toThrow(TypeError);
      expect(() => vault.findConnected({ principal: owner.owner })).toThrow(TypeError);
    });
    expect(await vaultOf(DEPLOYMENT).findConnected({ principal: owner.owner })).toEqual([owner]);
  });
});

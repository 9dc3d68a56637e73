import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Connections, type Connecting } from "../../durable-objects/connections.ts";
import { DEPLOYMENT } from "../../durable-objects/vault-owner.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { IDP, person, RESOURCE, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";

const connections = new Connections(vaultOf);

async function connect(tenant: string | null = null, sub: string = crypto.randomUUID()): Promise<Connecting> {
  const connecting = { owner: person(), subject: { issuer: IDP, tenant, sub } };
  expect(await connections.keepIdentity(connecting, staleIdentity(sub, "r1"))).toBe("kept");
  expect(await connections.keepGrant(connecting, RESOURCE, staleGrant("r2"))).toBe("kept");
  return connecting;
}

const count = async ({ owner }: Connecting): Promise<number> => (await connections.list(owner)).length;

describe("what a person has connected", () => {
  it("is ended by a revocation of the subject, of the principal, and of the subject in its tenant", async () => {
    const [ada, bob, eve] = [await connect(), await connect(), await connect("t1")];
    expect(await connections.forget([fenceName("subject", IDP, ada.subject.sub)])).toBe(2);
    expect([await count(ada), await count(bob), await count(eve)]).toEqual([0, 2, 2]);
    expect(await connections.forget([fenceName("principal", bob.owner.owner)])).toBe(2);
    expect([await count(bob), await count(eve)]).toEqual([0, 2]);
    expect(await connections.forget([fenceName("subject", IDP, eve.subject.sub, "t1")])).toBe(2);
    expect(await count(eve)).toBe(0);
  });

  it("is ended in every tenant where none is named, and in no other than the one that is", async () => {
    const sub = crypto.randomUUID();
    const [none, one, other] = [await connect(null, sub), await connect("t1", sub), await connect("t2", sub)];
    await connections.forget([fenceName("subject", IDP, sub, "t1")]);
    expect([await count(none), await count(one), await count(other)]).toEqual([2, 0, 2]);
    await connections.forget([fenceName("subject", IDP, sub)]);
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
    expect(await connections.forget(others)).toBe(0);
    expect(await count(ada)).toBe(2);
  });

  it("may be ended twice, and connected again after it", async () => {
    const ada = await connect();
    const name = fenceName("subject", IDP, ada.subject.sub);
    await connections.forget([name]);
    expect(await connections.forget([name])).toBe(0);
    await connections.keepGrant(ada, RESOURCE, staleGrant("r3"));
    expect(await connections.forget([name])).toBe(1);
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
      expect(() => vault.removeConnected(owner)).toThrow(TypeError);
    });
    expect(await vaultOf(DEPLOYMENT).findConnected({ principal: owner.owner })).toEqual([owner]);
  });
});

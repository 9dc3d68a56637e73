import { env, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { createVaultKeys, rotateVaultKeys, type VaultKeySet } from "../../cli/vault-keys.ts";
import { Vault } from "../../durable-objects/vault.ts";
import { DEPLOYMENT, type VaultOwner, vaultNameOf } from "../../durable-objects/vault-owner.ts";
import { VaultRecords } from "../../durable-objects/vault-records.ts";
import { LIMITS } from "../../src/limits.ts";

const RESOURCE = "https://crossgate.example/mcp/files";
const vaultOf = (owner: VaultOwner): DurableObjectStub<Vault> => env.VAULT.getByName(vaultNameOf(owner));
const deployment = (): DurableObjectStub<Vault> => vaultOf(DEPLOYMENT);
const newOwner = (): VaultOwner => ({ organization: "acme", owner: `usr_${crypto.randomUUID()}` });
const currentOf = ({ keys }: VaultKeySet): string => keys.find(({ status }) => status === "current")?.kid ?? "";
/** What the deployment has, rotated once by hand: what it writes is under the key that was next. */
const ROTATED = rotateVaultKeys(JSON.parse(env.VAULT_KEYS) as VaultKeySet, []);

function withKeys(keys: VaultKeySet): Env {
  return { ...env, VAULT_KEYS: JSON.stringify(keys) };
}

/** Puts records into somebody's vault, as under the keys after ours. */
async function fill(owner: VaultOwner, count: number): Promise<void> {
  await runInDurableObject(vaultOf(owner), async (_vault, { storage }) => {
    const enroll = async (who: VaultOwner): Promise<void> => deployment().enroll(who);
    const records = new VaultRecords(storage, JSON.stringify(ROTATED), enroll);
    for (let at = 0; at < count; at += 1) {
      const value = { text: `value-${at}`, signedInAtMilliseconds: null };
      await records.put(owner, { kind: "grant", id: `grant-${at}`, upstream: RESOURCE, ...value });
    }
  });
}

async function kidsOf(owner: VaultOwner): Promise<readonly (readonly [string, number])[]> {
  return runInDurableObject(vaultOf(owner), (_vault, { storage }) => [
    ...new VaultRecords(storage, undefined, async () => undefined).countByKey(),
  ]);
}

async function runToTheEnd(): Promise<void> {
  await runDurableObjectAlarm(deployment());
  // It may have been set off by itself, and be at work still.
  await vi.waitUntil(async () => (await deployment().status()).rotation?.finishedAtMilliseconds !== null);
}

describe("a hundred rotations of the key-encryption key", () => {
  it("under load fail no decryption, and each leaves no record under the key that goes [I22, G15]", async () => {
    const secrets = new Map(Array.from({ length: 20 }, (_, at) => [`hundred-${at}`, `value-${at}`]));
    let keys = createVaultKeys();
    const failed: unknown[] = [];
    let read = 0;
    await runInDurableObject(deployment(), async (_vault, state) => {
      state.storage.sql.exec("DELETE FROM record");
      state.storage.sql.exec("DELETE FROM envelope");
      const first = new Vault(state, withKeys(keys));
      for (const [name, value] of secrets) await first.setSecret({ name, value, resources: null });
      for (let rotation = 0; rotation < 100; rotation += 1) {
        // A key goes with the rotation after the one that has emptied it.
        const emptied = keys.keys.filter(({ status }) => status === "retired").map(({ kid }) => kid);
        keys = rotateVaultKeys(keys, emptied);
        const vault = new Vault(state, withKeys(keys));
        const load = [...secrets, ...secrets].map(async ([name, value]) => {
          const revealed = await vault.revealSecret(name, RESOURCE);
          read += 1;
          if (typeof revealed === "string" || revealed.value !== value) failed.push([rotation, name, revealed]);
        });
        const written = `hundred-${rotation % 20}`;
        const value = `value-${rotation % 20}`;
        await vault.startRotation();
        await Promise.all([...load, vault.alarm(), vault.setSecret({ name: written, value, resources: null })]);
        if (vault.status().rotation?.finishedAtMilliseconds === null) await vault.alarm();
        const { secretsByKey, rotation: progress } = vault.status();
        if (progress?.damaged !== 0 || Object.keys(secretsByKey).join() !== currentOf(keys)) failed.push(secretsByKey);
      }
      await state.storage.deleteAlarm();
      // They are under keys that nobody else has.
      state.storage.sql.exec("DELETE FROM record");
      state.storage.sql.exec("DELETE FROM envelope");
    });
    expect([read, failed]).toEqual([4000, []]);
  });
});

describe("the vault's rotation", () => {
  it("goes through every vault that has said it is there, in as many batches as it takes", async () => {
    const owners = [newOwner(), newOwner(), newOwner()];
    for (const [at, owner] of owners.entries()) await fill(owner, at === 0 ? LIMITS.vaultRecordsPerBatch + 3 : 2);
    expect((await kidsOf(owners[0] ?? DEPLOYMENT)).map(([kid]) => kid)).toEqual([currentOf(ROTATED)]);
    await deployment().startRotation();
    await runToTheEnd();
    const { rotation, currentKid, vaults } = await deployment().status();
    expect(rotation).toMatchObject({ finishedAtMilliseconds: expect.any(Number), damaged: 0, vaultsDone: vaults });
    expect(rotation?.rewrapped).toBeGreaterThanOrEqual(LIMITS.vaultRecordsPerBatch + 7);
    for (const owner of owners) expect((await kidsOf(owner)).map(([kid]) => kid)).toEqual([currentKid]);
    const [first = DEPLOYMENT] = owners;
    await runInDurableObject(vaultOf(first), async (_vault, { storage }) => {
      const records = new VaultRecords(storage, env.VAULT_KEYS, async () => undefined);
      expect(await records.open(first, { kind: "grant", id: "grant-102" })).toMatchObject({ text: "value-102" });
    });
  });

  it("goes on where it was interrupted, once what it needs is back", async () => {
    const owner = newOwner();
    await fill(owner, 3);
    await runInDurableObject(deployment(), async (_vault, state) => {
      const without = new Vault(state, { ...env, VAULT_KEYS: "" });
      await without.startRotation();
      await without.alarm();
      await without.alarm();
      expect(without.status()).toMatchObject({ currentKid: null, rotation: { failures: 2, vaultsDone: 0 } });
      expect(await state.storage.getAlarm()).toBeGreaterThan(Date.now() - 1000);
    });
    await runToTheEnd();
    expect((await deployment().status()).rotation).toMatchObject({
      failures: 0,
      finishedAtMilliseconds: expect.any(Number),
    });
    expect(await kidsOf(owner)).toEqual([[(await deployment().status()).currentKid, 3]]);
  });

  it("counts what is damaged or under a key that is gone, and goes on to the rest", async () => {
    const owner = newOwner();
    await fill(owner, 3);
    await runInDurableObject(vaultOf(owner), (_vault, { storage }) => {
      storage.sql.exec("UPDATE envelope SET wrapped_key = x'00' WHERE id = 'grant-0'");
      storage.sql.exec("UPDATE envelope SET kid = 'gone' WHERE id = 'grant-1'");
    });
    await deployment().startRotation();
    await runToTheEnd();
    const { rotation, currentKid } = await deployment().status();
    expect(rotation).toMatchObject({ damaged: 2, finishedAtMilliseconds: expect.any(Number) });
    expect(new Map(await kidsOf(owner)).get(currentKid ?? "")).toBe(1);
  });

  it("is nothing to a vault that is not the owner's", async () => {
    const [mine, theirs] = [newOwner(), newOwner()];
    await runInDurableObject(vaultOf(mine), (vault) => {
      expect(() => vault.rewrap(theirs, { kind: "", id: "" })).toThrow("another owner's vault");
      expect(() => vault.enroll(theirs)).toThrow("another owner's vault");
      expect(() => vault.status()).toThrow("another owner's vault");
    });
  });
});

describe("a person's vault", () => {
  it("says that it is there before its first record, and holds none while that fails", async () => {
    const owner = newOwner();
    await runInDurableObject(vaultOf(owner), async (_vault, { storage }) => {
      const enroll = vi.fn(async () => Promise.reject(new Error("down")));
      const value = { text: "x", signedInAtMilliseconds: null };
      const record = { kind: "grant", id: "a", upstream: RESOURCE, ...value } as const;
      const records = new VaultRecords(storage, env.VAULT_KEYS, enroll);
      await expect(records.put(owner, record)).rejects.toThrow("down");
      expect(records.has(record)).toBe(false);
      enroll.mockImplementation(async () => undefined as never);
      await records.put(owner, record);
      await records.put(owner, record);
      expect(enroll).toHaveBeenCalledTimes(2);
    });
  });
});

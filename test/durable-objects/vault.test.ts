import { env, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Vault } from "../../durable-objects/vault.ts";
import { DEPLOYMENT, vaultNameOf } from "../../durable-objects/vault-owner.ts";
import { LIMITS } from "../../src/limits.ts";

const RESOURCE = "https://crossgate.example/mcp/files";
const OTHER = "https://crossgate.example/mcp/payroll";

const deployment = (): DurableObjectStub<Vault> => env.VAULT.getByName(vaultNameOf(DEPLOYMENT));
const newName = (): string => `secret-${crypto.randomUUID()}`;

async function set(name: string, value: string, resources: readonly string[] | null = null): Promise<unknown> {
  return deployment().setSecret({ name, value, resources });
}

/** Does something to the rows behind the vault's back. */
async function tamper(statement: string, ...bindings: unknown[]): Promise<void> {
  await runInDurableObject(deployment(), (_vault, { storage }) => void storage.sql.exec(statement, ...bindings));
}

async function rowsOf(name: string): Promise<Record<string, SqlStorageValue>[]> {
  return runInDurableObject(deployment(), (_vault, { storage }) => [
    ...storage.sql.exec("SELECT * FROM record JOIN envelope USING (kind, id) WHERE id = ?", name),
  ]);
}

/** The vault as it is after a deployment with another VAULT_KEYS. */
function withKeys<Answer>(keys: string | undefined, use: (vault: Vault) => Answer | Promise<Answer>): Promise<Answer> {
  return runInDurableObject(deployment(), (_vault, state) =>
    use(new Vault(state, { ...env, VAULT_KEYS: keys } as unknown as Env)),
  );
}

describe("a secret in the vault", () => {
  it("comes out as it went in, replaced by the next of its name, until it is deleted", async () => {
    const name = newName();
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("absent");
    expect(await set(name, "first")).toMatchObject({ isNew: true });
    expect(await deployment().revealSecret(name, RESOURCE)).toMatchObject({ value: "first" });
    expect(await set(name, "second")).toMatchObject({ isNew: false });
    expect(await deployment().revealSecret(name, RESOURCE)).toMatchObject({ value: "second" });
    expect(await deployment().deleteSecret(name)).toBe(true);
    expect(await deployment().deleteSecret(name)).toBe(false);
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("absent");
  });

  it("is nowhere in what is stored, and in no list", async () => {
    const name = newName();
    const canary = `canary-${crypto.randomUUID()}`;
    await set(name, canary);
    const bytes = (await rowsOf(name)).flatMap((row) =>
      Object.values(row).map((value) => (value instanceof ArrayBuffer ? new TextDecoder().decode(value) : `${value}`)),
    );
    expect(bytes.length).toBeGreaterThan(8);
    const listed = await listAll();
    expect([bytes.join(), JSON.stringify(listed)].some((text) => text.includes(canary))).toBe(false);
    expect(listed.find((one) => one.name === name)).toMatchObject({ resources: null, usedAtMilliseconds: null });
  });

  it("serves the servers that it is restricted to, and no other", async () => {
    const name = newName();
    await set(name, "s3cret", [RESOURCE]);
    expect(await deployment().revealSecret(name, RESOURCE)).toMatchObject({ value: "s3cret" });
    expect(await deployment().revealSecret(name, OTHER)).toBe("not_for_resource");
    expect(await deployment().revealSecret(name, `${RESOURCE}/`)).toBe("not_for_resource");
    await set(name, "s3cret", []);
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("not_for_resource");
  });

  it("is known to have been used, though not each time to the second", async () => {
    const name = newName();
    await set(name, "s3cret");
    await deployment().revealSecret(name, RESOURCE);
    const [first] = await rowsOf(name);
    expect(first?.["used_at"]).toBeTypeOf("number");
    await tamper("UPDATE record SET used_at = used_at - 1 WHERE id = ?", name);
    await deployment().revealSecret(name, RESOURCE);
    expect((await rowsOf(name))[0]?.["used_at"]).toBe(Number(first?.["used_at"]) - 1);
    await tamper("UPDATE record SET used_at = 1 WHERE id = ?", name);
    await deployment().revealSecret(name, RESOURCE);
    expect((await rowsOf(name))[0]?.["used_at"]).toBeGreaterThanOrEqual(Number(first?.["used_at"]));
  });

  it("is the one that was set last, however many are set at once", async () => {
    const name = newName();
    const sets = Array.from({ length: 50 }, (_, at) => set(name, `value-${at}`));
    await Promise.all(sets);
    expect(await deployment().revealSecret(name, RESOURCE)).toMatchObject({ value: "value-49" });
  });

  it("is gone when it is deleted after it was set, though both were asked for at once", async () => {
    const name = newName();
    await Promise.all([set(name, "s3cret"), deployment().deleteSecret(name)]);
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("absent");
  });
});

describe("a row of the vault that somebody has changed [I20, I21]", () => {
  it("is damaged when it is another secret's", async () => {
    const [mine, theirs] = [newName(), newName()];
    await set(mine, "mine");
    await set(theirs, "theirs");
    await tamper(
      `UPDATE envelope SET (kid, wrapped_key, iv, ciphertext) =
         (SELECT kid, wrapped_key, iv, ciphertext FROM envelope WHERE id = ?) WHERE id = ?`,
      theirs,
      mine,
    );
    expect(await deployment().revealSecret(mine, RESOURCE)).toBe("damaged");
    expect(await deployment().revealSecret(theirs, RESOURCE)).toMatchObject({ value: "theirs" });
  });

  it("is damaged when it is of an earlier time, even of before the secret was deleted", async () => {
    const name = newName();
    await set(name, "leaked");
    const [old] = await rowsOf(name);
    const putBack = (): Promise<void> =>
      tamper(
        "UPDATE envelope SET kid = ?, wrapped_key = ?, iv = ?, ciphertext = ? WHERE id = ?",
        ...["kid", "wrapped_key", "iv", "ciphertext"].map((column) => old?.[column]),
        name,
      );
    await set(name, "new");
    await putBack();
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("damaged");
    await deployment().deleteSecret(name);
    await set(name, "newer");
    await putBack();
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("damaged");
  });

  it("is damaged when its restriction is another, or its version", async () => {
    const name = newName();
    await set(name, "s3cret", [OTHER]);
    await tamper("UPDATE record SET upstream = 'null' WHERE id = ?", name);
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("damaged");
    await set(name, "s3cret");
    await tamper("UPDATE record SET version = version + 1 WHERE id = ?", name);
    expect(await deployment().revealSecret(name, RESOURCE)).toBe("damaged");
  });
});

describe("the vault's keys", () => {
  it.each([undefined, "", "{}", JSON.stringify({ keys: [] })])(
    "are said to be missing where they do not parse: %j",
    async (keys) => {
      const name = newName();
      await set(name, "s3cret");
      expect(await withKeys(keys, (vault) => vault.revealSecret(name, RESOURCE))).toBe("keys_unavailable");
      expect(await withKeys(keys, (vault) => vault.setSecret({ name, value: "x", resources: null }))).toBe(
        "keys_unavailable",
      );
      expect(await deployment().revealSecret(name, RESOURCE)).toMatchObject({ value: "s3cret" });
    },
  );

  it("are said to be missing where those that the secret is under are not among them", async () => {
    const name = newName();
    await set(name, "s3cret");
    const others = JSON.stringify({ keys: [{ kid: "other", k: "A".repeat(43), status: "current" }] });
    expect(await withKeys(others, (vault) => vault.revealSecret(name, RESOURCE))).toBe("keys_unavailable");
  });

  it("are not needed to list or to delete what is there", async () => {
    const name = newName();
    await set(name, "s3cret");
    expect(await withKeys(undefined, (vault) => vault.deleteSecret(name))).toBe(true);
  });
});

describe("a vault", () => {
  it("answers for its own owner alone", async () => {
    const others = env.VAULT.getByName(vaultNameOf({ organization: "acme", owner: "deployment" }));
    await runInDurableObject(others, async (vault) => {
      const refused = "another owner's vault";
      await expect(vault.revealSecret("any", RESOURCE)).rejects.toThrow(refused);
      await expect(vault.setSecret({ name: "any", value: "x", resources: null })).rejects.toThrow(refused);
      expect(() => vault.deleteSecret("any")).toThrow(refused);
      expect(() => vault.listSecrets("")).toThrow(refused);
    });
  });

  it("has a name that no other owner shares", () => {
    const names = [
      vaultNameOf(DEPLOYMENT),
      vaultNameOf({ organization: "deployment", owner: "" }),
      vaultNameOf({ organization: 'a","b', owner: "c" }),
      vaultNameOf({ organization: "a", owner: 'b","c' }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it("takes no more secrets than there is room for, and replaces those it has", async () => {
    await runInDurableObject(deployment(), async (vault, { storage }) => {
      for (let at = 0; at < LIMITS.vaultSecrets; at += 1) {
        storage.sql.exec("INSERT INTO record VALUES ('secret', ?, 'null', 1, 0, 0, NULL)", `filler-${at}`);
      }
      expect(await vault.setSecret({ name: newName(), value: "x", resources: null })).toBe("full");
      storage.sql.exec("DELETE FROM record WHERE id LIKE 'filler-%'");
    });
  });
});

async function listAll(): Promise<readonly { readonly name: string }[]> {
  const all = [];
  let page = await deployment().listSecrets("");
  while (page.length > 0) {
    all.push(...page);
    page = await deployment().listSecrets(page.at(-1)?.name ?? "");
  }
  return all;
}

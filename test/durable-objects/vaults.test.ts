import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SecretRevealed } from "../../durable-objects/vault.ts";
import { DEPLOYMENT } from "../../durable-objects/vault-owner.ts";
import { Vaults } from "../../durable-objects/vaults.ts";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";

const ANYWHERE = { jurisdiction: null, locationHint: null };
const RESOURCE = "https://crossgate.example/mcp/files";
const ORDINARY = { isRefused: false };
const SECRET = { value: "s3cret", kid: "kek-1", changedAtMilliseconds: 1 } satisfies SecretRevealed;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A vault that answers this, and counts. */
function startIsolate(answer: () => Promise<SecretRevealed>) {
  const revealSecret = vi.fn(answer);
  const setSecret = vi.fn(async (): Promise<object> => ({ kid: "kek-1", isNew: false }));
  const stub = { revealSecret, setSecret, deleteSecret: vi.fn(async () => true) };
  const getByName = vi.fn((_name: string) => stub);
  return { vaults: new Vaults({ getByName } as never, ANYWHERE), revealSecret, getByName, stub };
}

describe("Vaults", () => {
  it("ask the deployment's own vault, and for the server that calls", async () => {
    const vaults = new Vaults(env.VAULT, ANYWHERE);
    const name = `secret-${crypto.randomUUID()}`;
    await vaults.vaultOf(DEPLOYMENT).setSecret({ name, value: "s3cret", resources: [RESOURCE] });
    expect(await vaults.revealSecret(name, RESOURCE, ORDINARY)).toMatchObject({ value: "s3cret" });
    expect(await vaults.revealSecret(name, `${RESOURCE}/other`, ORDINARY)).toBe("not_for_resource");
  });

  it("keep a secret for a short while, each for its own server", async () => {
    const { vaults, revealSecret } = startIsolate(async () => SECRET);
    await vaults.revealSecret("a", RESOURCE, ORDINARY);
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toEqual(SECRET);
    expect(revealSecret).toHaveBeenCalledTimes(1);
    await vaults.revealSecret("a", `${RESOURCE}/other`, ORDINARY);
    await vaults.revealSecret("b", RESOURCE, ORDINARY);
    expect(revealSecret).toHaveBeenCalledTimes(3);
    vi.setSystemTime(Date.now() + LIMITS.vaultSecretFreshSeconds * 1000);
    await vaults.revealSecret("a", RESOURCE, ORDINARY);
    expect(revealSecret).toHaveBeenCalledTimes(4);
  });

  it("wait for no answer that another request has asked for: it may never come", async () => {
    const { vaults, revealSecret } = startIsolate(async () => SECRET);
    revealSecret.mockReturnValueOnce(new Promise(() => undefined));
    void vaults.revealSecret("a", RESOURCE, ORDINARY).catch(() => undefined);
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toEqual(SECRET);
  });

  it("keep nothing older than what they have", async () => {
    const late = Promise.withResolvers<SecretRevealed>();
    const { vaults, revealSecret } = startIsolate(async () => SECRET);
    revealSecret.mockReturnValueOnce(late.promise);
    const first = vaults.revealSecret("a", RESOURCE, ORDINARY);
    vi.setSystemTime(Date.now() + 1);
    await vaults.revealSecret("a", RESOURCE, { isRefused: true });
    late.resolve({ ...SECRET, value: "refused by the server" });
    expect(await first).toMatchObject({ value: "refused by the server" });
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toEqual(SECRET);
  });

  it.each(["setSecret", "deleteSecret"] as const)("go by no copy from before their own %s", async (method) => {
    const late = Promise.withResolvers<SecretRevealed>();
    const { vaults, revealSecret, stub } = startIsolate(async () => SECRET);
    const change = (): Promise<unknown> =>
      method === "setSecret"
        ? vaults.setSecret({ name: "a", value: "anew", resources: null })
        : vaults.deleteSecret("a");
    await vaults.revealSecret("a", RESOURCE, ORDINARY);
    await vaults.revealSecret("b", RESOURCE, ORDINARY);
    revealSecret.mockReturnValueOnce(late.promise);
    const underWay = vaults.revealSecret("a", `${RESOURCE}/other`, ORDINARY);
    await change();
    late.resolve(SECRET);
    await underWay;
    revealSecret.mockResolvedValue({ ...SECRET, value: "anew" });
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toMatchObject({ value: "anew" });
    expect(await vaults.revealSecret("a", `${RESOURCE}/other`, ORDINARY)).toMatchObject({ value: "anew" });
    expect(await vaults.revealSecret("b", RESOURCE, ORDINARY)).toEqual(SECRET);
    stub[method].mockRejectedValue(new Error("it may have been done"));
    await expect(change()).rejects.toThrow(Outage);
    revealSecret.mockResolvedValue({ ...SECRET, value: "anew again" });
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toMatchObject({ value: "anew again" });
  });

  it("ask anew for what a server has refused", async () => {
    const { vaults, revealSecret } = startIsolate(async () => SECRET);
    await vaults.revealSecret("a", RESOURCE, ORDINARY);
    revealSecret.mockResolvedValueOnce({ ...SECRET, value: "rotated" });
    expect(await vaults.revealSecret("a", RESOURCE, { isRefused: true })).toMatchObject({ value: "rotated" });
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toMatchObject({ value: "rotated" });
    expect(revealSecret).toHaveBeenCalledTimes(2);
  });

  it.each(["absent", "not_for_resource"] as const)("ask again each time they are told %s", async (answer) => {
    const { vaults, revealSecret } = startIsolate(async () => answer);
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toBe(answer);
    expect(await vaults.revealSecret("a", RESOURCE, ORDINARY)).toBe(answer);
    expect(revealSecret).toHaveBeenCalledTimes(2);
  });

  it.each([
    ["keys_unavailable", "vault_keys_unavailable"],
    ["damaged", "vault_record_damaged"],
  ] as const)("tell %s as an outage, each time", async (answer, reason) => {
    const { vaults, revealSecret } = startIsolate(async () => answer);
    await expect(vaults.revealSecret("a", RESOURCE, ORDINARY)).rejects.toEqual(new Outage(reason));
    await expect(vaults.revealSecret("a", RESOURCE, ORDINARY)).rejects.toEqual(new Outage(reason));
    expect(revealSecret).toHaveBeenCalledTimes(2);
  });

  it("try once more, and tell an outage as one", async () => {
    const flaky = startIsolate(async () => SECRET);
    flaky.revealSecret.mockRejectedValueOnce(new Error("reset"));
    expect(await flaky.vaults.revealSecret("a", RESOURCE, ORDINARY)).toEqual(SECRET);
    const down = startIsolate(() => Promise.reject(new Error("down")));
    await expect(down.vaults.revealSecret("a", RESOURCE, ORDINARY)).rejects.toEqual(new Outage("vault_unavailable"));
    expect(down.getByName).toHaveBeenCalledTimes(2);
  });

  it("stay in the jurisdiction of the ledgers", () => {
    const within = { getByName: vi.fn() };
    const jurisdiction = vi.fn(() => within);
    const vaults = new Vaults({ jurisdiction } as never, { jurisdiction: "eu", locationHint: "weur" });
    vaults.vaultOf(DEPLOYMENT);
    expect(jurisdiction).toHaveBeenCalledWith("eu");
    expect(within.getByName).toHaveBeenCalledWith(expect.any(String), { locationHint: "weur" });
  });

  it("forget the oldest before they grow without bound", async () => {
    const { vaults, revealSecret } = startIsolate(async () => SECRET);
    for (let at = 0; at <= LIMITS.vaultSecretsCached; at += 1) await vaults.revealSecret(`s${at}`, RESOURCE, ORDINARY);
    await vaults.revealSecret("s1", RESOURCE, ORDINARY);
    expect(revealSecret).toHaveBeenCalledTimes(LIMITS.vaultSecretsCached + 1);
    await vaults.revealSecret("s0", RESOURCE, ORDINARY);
    expect(revealSecret).toHaveBeenCalledTimes(LIMITS.vaultSecretsCached + 2);
  });
});

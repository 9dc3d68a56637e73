import { describe, expect, it } from "vitest";
import { createVaultKeys } from "../../cli/vault-keys.ts";
import { LIMITS } from "../../src/limits.ts";
import { VaultKeys, VaultKeysInvalid } from "../../src/vault/vault-keys.ts";

const key = (number: number, status = "retired"): object => ({
  kid: `k${number}`,
  k: new Uint8Array(32).fill(number).toBase64({ alphabet: "base64url", omitPadding: true }),
  status,
});
const many = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => key(at, at === 0 ? "current" : "retired"));

describe("the vault's keys", () => {
  it("parse as crossgate keys makes them, and know each by its kid", () => {
    const set = createVaultKeys();
    const keys = VaultKeys.parse(JSON.stringify(set));
    expect(keys.currentId).toBe(set.keys[0]?.kid);
    expect(set.keys.map(({ kid }) => keys.knows(kid))).toEqual([true, true]);
    expect(keys.knows("another")).toBe(false);
  });

  it.each<[string, unknown]>([
    ["that are not there", undefined],
    ["that are empty", ""],
    ["that are no JSON", "{"],
    ["of which none is current", { keys: [key(1, "next")] }],
    ["of which two are current", { keys: [key(1, "current"), key(2, "current")] }],
    ["that share a kid", { keys: [key(1, "current"), { ...key(2), kid: "k1" }] }],
    ["that are the same key", { keys: [key(1, "current"), { ...key(1), kid: "k2" }] }],
    ["of 128 bits", { keys: [{ ...key(1, "current"), k: "AAAAAAAAAAAAAAAAAAAAAA" }] }],
    ["with a kid that no log could hold", { keys: [{ ...key(1, "current"), kid: "a\nb" }] }],
    ["with a member that there is not", { keys: [{ ...key(1, "current"), alg: "dir" }] }],
    ["that are too many", { keys: many(LIMITS.vaultKeys + 1) }],
    ["that sign tokens", { keys: [{ kty: "EC", crv: "P-256", kid: "k1", status: "current" }] }],
  ])("do not parse %s, and nothing of them is told", (_name, value) => {
    const text = typeof value === "object" ? JSON.stringify(value) : (value as string | undefined);
    const parse = (): VaultKeys => VaultKeys.parse(text);
    expect(parse).toThrow(VaultKeysInvalid);
    expect(parse).toThrow(/^VAULT_KEYS is missing or does not parse; make one with: npx crossgate keys new --vault$/);
  });

  it("are as many as there may be", () => {
    expect(VaultKeys.parse(JSON.stringify({ keys: many(LIMITS.vaultKeys) })).knows("k7")).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { createVaultKeys, rotateVaultKeys, type VaultKeySet } from "../../cli/vault-keys.ts";
import { type Envelope, open, type RecordIdentity, rewrap, seal } from "../../src/vault/envelope.ts";
import { VaultKeys, VaultKeysInvalid } from "../../src/vault/vault-keys.ts";

const SET = createVaultKeys();
const KEYS = parse(SET);
const IDENTITY: RecordIdentity = {
  organization: "acme",
  owner: "usr_ada",
  kind: "grant",
  id: "https://crossgate.example/mcp/files",
  upstream: "https://files.example.net/mcp",
  version: 7,
};

function parse(set: VaultKeySet): VaultKeys {
  return VaultKeys.parse(JSON.stringify(set));
}

const hex = (bytes: ArrayBuffer): string => new Uint8Array(bytes).toHex();

describe("an envelope", () => {
  it("opens for whom it was sealed", async () => {
    const envelope = await seal("s3cret £ 🔑", IDENTITY, KEYS);
    expect(envelope.kid).toBe(KEYS.currentId);
    expect(await open(envelope, IDENTITY, KEYS)).toBe("s3cret £ 🔑");
  });

  it.each<[keyof RecordIdentity, string | number]>([
    ["organization", "globex"],
    ["owner", "usr_eve"],
    ["kind", "secret"],
    ["id", "https://crossgate.example/mcp/payroll"],
    ["upstream", "https://evil.example.net/mcp"],
    ["version", 6],
  ])("does not open for another %s [I20, I21]", async (member, value) => {
    const envelope = await seal("s3cret", IDENTITY, KEYS);
    expect(await open(envelope, { ...IDENTITY, [member]: value }, KEYS)).toBeNull();
  });

  it("does not open where one part of the name has become part of the next", async () => {
    const envelope = await seal("s3cret", { ...IDENTITY, organization: "a", owner: "bc" }, KEYS);
    expect(await open(envelope, { ...IDENTITY, organization: "ab", owner: "c" }, KEYS)).toBeNull();
  });

  it.each<keyof Omit<Envelope, "kid">>(["wrappedKey", "iv", "ciphertext"])(
    "does not open with any bit of its %s changed, nor with that of another",
    async (member) => {
      const envelope = await seal("s3cret", IDENTITY, KEYS);
      const bytes = new Uint8Array(envelope[member]);
      for (let bit = 0; bit < bytes.length * 8; bit += 5) {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await open({ ...envelope, [member]: changed.buffer }, IDENTITY, KEYS)).toBeNull();
      }
      const other = await seal("s3cret", IDENTITY, KEYS);
      expect(await open({ ...envelope, [member]: other[member] }, IDENTITY, KEYS)).toBeNull();
    },
  );

  it("has a data key and a nonce of its own each time, so that the same text never looks the same", async () => {
    const envelopes = await Promise.all(Array.from({ length: 2000 }, () => seal("s3cret", IDENTITY, KEYS)));
    for (const member of ["wrappedKey", "iv", "ciphertext"] as const) {
      expect(new Set(envelopes.map((envelope) => hex(envelope[member]))).size).toBe(envelopes.length);
    }
  });

  it("opens after its data key was wrapped anew, under the new key alone, and is otherwise the same", async () => {
    const envelope = await seal("s3cret", IDENTITY, KEYS);
    const rotated = rotateVaultKeys(SET, []);
    const anew = await rewrap(envelope, parse(rotated));
    if (anew === null) throw new TypeError("not rewrapped");
    expect(anew).toMatchObject({ iv: envelope.iv, ciphertext: envelope.ciphertext });
    expect([anew.kid, hex(anew.wrappedKey)]).not.toEqual([envelope.kid, hex(envelope.wrappedKey)]);
    const withoutOld = parse(rotateVaultKeys(rotated, [envelope.kid]));
    expect(await open(anew, IDENTITY, withoutOld)).toBe("s3cret");
    await expect(open(envelope, IDENTITY, withoutOld)).rejects.toThrow(VaultKeysInvalid);
  });

  it("is not wrapped anew when it is damaged, or says that it is under another key than it is", async () => {
    const envelope = await seal("s3cret", IDENTITY, KEYS);
    const rotated = parse(rotateVaultKeys(SET, []));
    expect(await rewrap({ ...envelope, wrappedKey: new ArrayBuffer(40) }, rotated)).toBeNull();
    expect(await rewrap({ ...envelope, kid: rotated.currentId }, rotated)).toBeNull();
  });
});

import { CompactSign, exportJWK, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { type Checkpoint, signCheckpoint, verifyCheckpoint } from "../../src/audit/checkpoint.ts";

const CHECKPOINT: Checkpoint = {
  version: 1,
  issuer: "https://crossgate.example",
  number: 1,
  time: "2026-11-21T00:00:00Z",
  previous: null,
  heads: [{ chain: "ledger/v1/0", sequence: 7, hash: "a".repeat(64) }],
};

async function makeSigner(kid: string) {
  const { privateKey: key, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { signer: { kid, key }, jwk: { ...(await exportJWK(publicKey)), kid } };
}

describe("a checkpoint", () => {
  it("is verified by the key that signed it, and by no other", async () => {
    const [ours, theirs] = [await makeSigner("one"), await makeSigner("one")];
    const jws = await signCheckpoint(CHECKPOINT, ours.signer);
    expect(await verifyCheckpoint(jws, [theirs.jwk, ours.jwk])).toEqual(CHECKPOINT);
    expect(await verifyCheckpoint(jws, [theirs.jwk])).toBeNull();
  });

  it.each(["at+jwt", "crossgate-admin+jwt", "JWT", undefined])(
    "is no JWS of the type %s that the same key has signed, whatever it says",
    async (typ) => {
      const { signer, jwk } = await makeSigner("one");
      const header = { alg: "ES256", kid: signer.kid, ...(typ === undefined ? {} : { typ }) };
      const payload = new TextEncoder().encode(JSON.stringify(CHECKPOINT));
      const jws = await new CompactSign(payload).setProtectedHeader(header).sign(signer.key);
      expect(await verifyCheckpoint(jws, [jwk])).toBeNull();
    },
  );

  it("is verified under the name that its key has, and under no other", async () => {
    const { signer, jwk } = await makeSigner("one");
    const jws = await signCheckpoint(CHECKPOINT, { ...signer, kid: "two" });
    expect(await verifyCheckpoint(jws, [jwk])).toBeNull();
  });

  it("has one spelling: the last bits of its signature are not free", async () => {
    const { signer, jwk } = await makeSigner("one");
    const jws = await signCheckpoint(CHECKPOINT, signer);
    // 64 bytes are 86 characters, the last of which has four bits that say nothing.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const other = alphabet[alphabet.indexOf(jws.at(-1) ?? "") + 1] ?? "";
    for (const spelled of [`${jws.slice(0, -1)}${other}`, `${jws}=`, `${jws}.`, ` ${jws}`]) {
      expect(await verifyCheckpoint(spelled, [jwk]), spelled).toBeNull();
    }
  });
});

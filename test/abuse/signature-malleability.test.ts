import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import type { Consumption, Decided } from "../../src/redemption/dependencies.ts";
import { NOW, redeem, testIdp, verdictOf } from "../support/redemption.ts";
import { makeTestKey, validClaims } from "../support/test-idp.ts";

/**
 * A12, A13: one assertion in two spellings. Whoever holds an ECDSA signature (r, s) can write (r, n − s), which verifies
 * too; decoders that ignore stray bits and padding offer more. What is remembered is (issuer, jti) and never the text.
 */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

function toBytes(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * (31 - index))) & 0xffn));
}

function withSignature(token: string, signature: Uint8Array | string): string {
  const spelled = typeof signature === "string" ? signature : base64url.encode(signature);
  return token.replace(/[^.]+$/, spelled);
}

function signatureOf(token: string): Uint8Array {
  return base64url.decode(token.slice(token.lastIndexOf(".") + 1));
}

function flip(token: string): string {
  const signature = signatureOf(token);
  const flipped = toBytes(P256_ORDER - toBigInt(signature.subarray(32)));
  return withSignature(token, Uint8Array.from([...signature.subarray(0, 32), ...flipped]));
}

async function issue(): Promise<string> {
  return (await testIdp()).sign(validClaims({}, NOW));
}

/** As the ledger does it: by what names the assertion. */
function makeLedger() {
  const consumed = new Set<string>();
  return async ({ idJag }: Decided): Promise<Consumption> => {
    const name = JSON.stringify([idJag.issuer, idJag.jti]);
    if (consumed.has(name)) return "replayed";
    consumed.add(name);
    return "consumed";
  };
}

describe("an ECDSA signature in its other spelling", () => {
  it("is another text, which verifies as well", async () => {
    const token = await issue();
    expect(flip(token)).not.toBe(token);
    expect(await verdictOf({ assertion: flip(token) })).toEqual({ verdict: "granted", consumed: 1 });
  });

  it("names the same assertion: what is consumed is the same", async () => {
    const token = await issue();
    const [plain, flipped] = [await redeem({ assertion: token }), await redeem({ assertion: flip(token) })];
    const namesOf = ({ consumeAssertion }: typeof plain) => {
      const [decided] = consumeAssertion.mock.calls[0] ?? [];
      return [decided?.idJag.issuer, decided?.idJag.jti, decided?.idJag.hash];
    };
    expect(namesOf(flipped)).toEqual(namesOf(plain));
    expect(namesOf(plain)).not.toContain(undefined);
  });

  it("is a replay after the first, in either order", async () => {
    const token = await issue();
    for (const order of [
      [token, flip(token)],
      [flip(token), token],
    ]) {
      const consumeAssertion = makeLedger();
      const verdicts: string[] = [];
      for (const assertion of order) {
        verdicts.push((await verdictOf({ assertion, dependencies: { consumeAssertion } })).verdict);
      }
      expect(verdicts).toEqual(["granted", "assertion_replayed"]);
    }
  });
});

describe("a signature in another spelling of base64url", () => {
  it.each<[string, (signature: string) => string]>([
    ["with padding", (signature) => `${signature}==`],
    ["with one padding character", (signature) => `${signature}=`],
    ["with stray bits at its end", (signature) => signature.slice(0, -1) + nextLetter(signature.at(-1) ?? "A")],
    ["with a line break at its end", (signature) => `${signature}\n`],
    ["with a space in it", (signature) => `${signature.slice(0, 9)} ${signature.slice(9)}`],
  ])("is refused: %s", async (_what, respell) => {
    const token = await issue();
    const assertion = withSignature(token, respell(token.slice(token.lastIndexOf(".") + 1)));
    expect(await verdictOf({ assertion })).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });

  it.each([0, 1])("is refused in part %i too", async (part) => {
    const pieces = (await issue()).split(".");
    const padded = pieces.map((piece, index) => (index === part ? `${piece}=` : piece)).join(".");
    expect(await verdictOf({ assertion: padded })).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });
});

/** The next letter of the alphabet differs in the last bit only, which a lenient decoder drops. */
function nextLetter(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet.charAt(alphabet.indexOf(letter) ^ 1);
}

describe("a signature that is none", () => {
  const zero = new Uint8Array(32);
  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ["r = s = 0 (CVE-2022-21449)", () => new Uint8Array(64)],
    ["r = 0", (signature) => Uint8Array.from([...zero, ...signature.subarray(32)])],
    ["s = 0", (signature) => Uint8Array.from([...signature.subarray(0, 32), ...zero])],
    ["r = s = n", () => Uint8Array.from([...toBytes(P256_ORDER), ...toBytes(P256_ORDER)])],
    [
      "s + n, which is s again to who reduces it by n",
      (signature) =>
        Uint8Array.from([
          ...signature.subarray(0, 32),
          ...toBytes((toBigInt(signature.subarray(32)) + P256_ORDER) % 2n ** 256n),
        ]),
    ],
    ["r and s exchanged", (signature) => Uint8Array.from([...signature.subarray(32), ...signature.subarray(0, 32)])],
    [
      "DER",
      (signature) => Uint8Array.from([0x30, 68, 2, 32, ...signature.subarray(0, 32), 2, 32, ...signature.subarray(32)]),
    ],
    ["a byte too short", (signature) => signature.subarray(0, 63)],
    ["a byte too long", (signature) => Uint8Array.from([...signature, 0])],
    ["one byte", () => Uint8Array.from([1])],
    ["all ones", () => new Uint8Array(64).fill(0xff)],
  ])("is refused: %s", async (_what, spoil) => {
    const token = await issue();
    const assertion = withSignature(token, spoil(signatureOf(token)));
    expect(await verdictOf({ assertion })).toEqual({ verdict: "signature_invalid", consumed: 0 });
  });

  it("is refused under RS256 too: the signature of another length, or shifted by a zero", async () => {
    const key = await makeTestKey("RS256");
    const documents = { idp: { key_set: { keys: [key.publicJwk] }, algorithms: ["RS256"] } };
    const token = await (await testIdp()).sign(validClaims({}, NOW), { key });
    expect(await verdictOf({ assertion: token, documents })).toEqual({ verdict: "granted", consumed: 1 });
    for (const spoilt of [
      Uint8Array.from([0, ...signatureOf(token)]),
      signatureOf(token).subarray(1),
      new Uint8Array(256),
    ]) {
      const found = await verdictOf({ assertion: withSignature(token, spoilt), documents });
      expect(found).toEqual({ verdict: "signature_invalid", consumed: 0 });
    }
  });
});

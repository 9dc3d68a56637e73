import { p256, p384 } from "@noble/curves/nist.js";
import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { type Algorithm, readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { isSignedBy } from "../../src/jwt/verify.ts";
import { readSigned } from "../support/signed.ts";

/**
 * The edge cases that Project Wycheproof describes for ECDSA in its fixed-size form and for RSA, made anew here: where a
 * signature must be valid, its key is computed for it, by another implementation of the curve than the one under test.
 */
const encoder = new TextEncoder();

function signingInput(alg: Algorithm, payload: string): string {
  return `${base64url.encode(JSON.stringify({ alg }))}.${base64url.encode(payload)}`;
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

function toBytes(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Number((number >> BigInt(8 * (length - 1 - index))) & 0xffn));
}

function readKey(jwk: object): VerificationKey {
  const key = readVerificationKey(jwk);
  if (typeof key === "string") throw new Error(`the corpus has a key that is ${key}`);
  return key;
}

const CURVES = [
  { alg: "ES256", crv: "P-256", curve: p256, hash: "SHA-256", bytes: 32 },
  { alg: "ES384", crv: "P-384", curve: p384, hash: "SHA-384", bytes: 48 },
] as const;

describe.each(CURVES)("$alg", ({ alg, crv, curve, hash, bytes }) => {
  const { Point } = curve;
  const { ORDER: n } = Point.Fn;
  const { ORDER: p } = Point.Fp;

  async function digestOf(input: string): Promise<bigint> {
    return Point.Fn.create(toBigInt(new Uint8Array(await crypto.subtle.digest(hash, encoder.encode(input)))));
  }

  function keyAt(point: InstanceType<typeof Point>): VerificationKey {
    const { x, y } = point.toAffine();
    return readKey({ kty: "EC", crv, x: base64url.encode(toBytes(x, bytes)), y: base64url.encode(toBytes(y, bytes)) });
  }

  function verify(input: string, key: VerificationKey, signature: Uint8Array): Promise<boolean> {
    return isSignedBy(readSigned(`${input}.${base64url.encode(signature)}`), key, alg);
  }

  /** @returns the one key (but for the sign of R) under which (r, s) is a signature of the input. */
  async function keyFor(input: string, { x, r, s }: { x: bigint; r: bigint; s: bigint }): Promise<VerificationKey> {
    const compressed = Uint8Array.from([2, ...toBytes(x, bytes)]);
    const nonce = Point.fromBytes(compressed);
    const digest = await digestOf(input);
    const unscaled = nonce.multiply(s).subtract(Point.BASE.multiply(digest));
    return keyAt(unscaled.multiply(Point.Fn.inv(r)));
  }

  function signatureOf(r: bigint, s: bigint, size: number = bytes): Uint8Array {
    return Uint8Array.from([...toBytes(r, size), ...toBytes(s, size)]);
  }

  function isOnCurve(x: bigint): boolean {
    try {
      Point.fromBytes(Uint8Array.from([2, ...toBytes(x, bytes)]));
      return true;
    } catch {
      return false;
    }
  }

  function firstOnCurve(from: bigint): bigint {
    let x = from;
    while (!isOnCurve(x)) x += 1n;
    return x;
  }

  const nonces: readonly [string, bigint][] = [
    ["the smallest r", firstOnCurve(1n)],
    ["r of 64 bits", firstOnCurve(2n ** 63n)],
    ["r of 128 bits", firstOnCurve(2n ** 127n)],
    ["r near n", firstOnCurve(n - 40n)],
    ["x just above n, so that r is reduced", firstOnCurve(n + 1n)],
  ];
  const responses: readonly [string, bigint][] = [
    ["s = 1", 1n],
    ["s = 2", 2n],
    ["s of 64 bits", 2n ** 63n + 1n],
    ["s of 128 bits", 2n ** 127n + 1n],
    ["s = n / 2", n / 2n],
    ["s = n - 1", n - 1n],
    ["s = n - 2^128", n - 2n ** 128n],
  ];
  const extremes = nonces.flatMap(([ofNonce, x]) =>
    responses.map(([ofResponse, s]) => [`${ofNonce}, ${ofResponse}`, x, s] as const),
  );

  it.each(extremes)("accepts what is extreme and right: %s", async (_what, x, s) => {
    const input = signingInput(alg, "extreme");
    const r = x % n;
    const key = await keyFor(input, { x, r, s });
    expect(await verify(input, key, signatureOf(r, s))).toBe(true);
    expect(await verify(signingInput(alg, "another"), key, signatureOf(r, s))).toBe(false);
    if (r !== s) expect(await verify(input, key, signatureOf(s, r))).toBe(false);
  });

  it("refuses r that was not reduced", async () => {
    const input = signingInput(alg, "unreduced");
    const x = firstOnCurve(n + 1n);
    const key = await keyFor(input, { x, r: x % n, s: 2n });
    expect(await verify(input, key, signatureOf(x, 2n))).toBe(false);
  });

  const specials: readonly (readonly [string, bigint])[] = [
    ["0", 0n],
    ["1", 1n],
    ["n - 1", n - 1n],
    ["n", n],
    ["n + 1", n + 1n],
    ["p", p],
    ["p + 1", p + 1n],
    ["the largest number", 2n ** BigInt(8 * bytes) - 1n],
  ];
  const pairs = specials.flatMap(([left, r]) => specials.map(([right, s]) => [left, right, r, s] as const));

  it.each(pairs)("refuses r = %s and s = %s (CVE-2022-21449)", async (_r, _s, r, s) => {
    expect(await verify(signingInput(alg, "special"), keyAt(Point.BASE.multiply(7n)), signatureOf(r, s))).toBe(false);
  });

  it.each<[string, (r: bigint, s: bigint) => Uint8Array]>([
    ["n - r", (r, s) => signatureOf(n - r, s)],
    ["r + n, where it fits, else r - n", (r, s) => signatureOf((r + n) % 2n ** BigInt(8 * bytes), s)],
    ["s + n, where it fits, else s - n", (r, s) => signatureOf(r, (s + n) % 2n ** BigInt(8 * bytes))],
    ["r + n in a longer signature", (r, s) => signatureOf(r + n, s, bytes + 1)],
    ["s + n in a longer signature", (r, s) => signatureOf(r, s + n, bytes + 1)],
    ["r + 256 n", (r, s) => signatureOf(r + 256n * n, s, bytes + 2)],
    ["r + 2^k, which is r to who forgets the top", (r, s) => signatureOf(r + 2n ** BigInt(8 * bytes), s, bytes + 1)],
    ["s + 2^k, which is s to who forgets the top", (r, s) => signatureOf(r, s + 2n ** BigInt(8 * bytes), bytes + 1)],
    ["leading zeros", (r, s) => signatureOf(r, s, bytes + 1)],
    ["r alone", (r) => toBytes(r, bytes)],
    ["nothing", () => new Uint8Array(0)],
    ["one byte more", (r, s) => Uint8Array.from([...signatureOf(r, s), 0])],
    ["one byte less", (r, s) => signatureOf(r, s).subarray(1)],
  ])("refuses %s", async (_what, spoil) => {
    const input = signingInput(alg, "modified");
    const [x, s] = [firstOnCurve(2n ** 200n), 2n ** 199n + 1n];
    const key = await keyFor(input, { x, r: x, s });
    expect(await verify(input, key, signatureOf(x, s))).toBe(true);
    expect(await verify(input, key, spoil(x, s))).toBe(false);
  });

  it("refuses a small r and s in fewer bytes than the curve has", async () => {
    const input = signingInput(alg, "short");
    const x = firstOnCurve(1n);
    const key = await keyFor(input, { x, r: x, s: 2n });
    expect(await verify(input, key, signatureOf(x, 2n))).toBe(true);
    for (const size of [1, 8, bytes - 1]) {
      // oxlint-disable-next-line no-await-in-loop -- three
      expect(await verify(input, key, signatureOf(x, 2n, size))).toBe(false);
    }
  });

  it.each<[string, (x: bigint, y: bigint) => readonly [bigint, bigint]]>([
    ["off the curve", (x, y) => [x, y + 1n]],
    ["(0, 0)", () => [0n, 0n]],
    ["beyond the field", (x, y) => [x, p - 1n === y ? y : p]],
  ])("verifies nothing with a point %s", async (_what, move) => {
    const input = signingInput(alg, "point");
    const x = firstOnCurve(2n ** 100n);
    const point = Point.BASE.multiply(11n).toAffine();
    const [movedX, movedY] = move(point.x, point.y);
    const jwk = {
      kty: "EC",
      crv,
      x: base64url.encode(toBytes(movedX, bytes)),
      y: base64url.encode(toBytes(movedY, bytes)),
    };
    expect(await verify(input, readKey(jwk), signatureOf(x, 5n))).toBe(false);
  });
});

/** DER of DigestInfo up to the digest, by what it says it is. */
const DIGEST_INFO = {
  "SHA-256": "3031300d060960864801650304020105000420",
  "SHA-256 without NULL": "302f300b06096086480165030402010420",
  "SHA-256 with a longer length": "308131300d060960864801650304020105000420",
  "SHA-256 with an indefinite length": "3080300d060960864801650304020105000420",
  "SHA-224": "302d300d06096086480165030402040500041c",
  "SHA-384": "3041300d060960864801650304020205000430",
  "SHA-512": "3051300d060960864801650304020305000440",
  "SHA-1": "3021300906052b0e03021a05000414",
  MD5: "3020300c06082a864886f70d020505000410",
  nothing: "",
} as const;

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square, rest] = [1n, base % modulus, exponent];
  while (rest > 0n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
    rest >>= 1n;
  }
  return result;
}

const RSA_BYTES = 256;
const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 8 * RSA_BYTES,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: "SHA-256",
};
const pair = (await crypto.subtle.generateKey(rsa, true, ["sign", "verify"])) as CryptoKeyPair;
const privateJwk = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey & { n: string; d: string };
const [modulus, privateExponent] = [privateJwk.n, privateJwk.d].map((text) => toBigInt(base64url.decode(text))) as [
  bigint,
  bigint,
];
const rsaKey = readKey({ kty: "RSA", n: privateJwk.n, e: "AQAB" });
const input = signingInput("RS256", "padding");
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(input)));

/** What the private key makes of these bytes, whatever they are. */
function signRaw(encoded: readonly number[]): Uint8Array {
  return toBytes(power(toBigInt(Uint8Array.from(encoded)), privateExponent, modulus), RSA_BYTES);
}

interface Padding {
  readonly head?: readonly number[];
  readonly fill?: number;
  readonly separator?: readonly number[];
  readonly info?: keyof typeof DIGEST_INFO;
  readonly tail?: readonly number[];
  /** Bytes of padding; as many as fit when absent. */
  readonly fillBytes?: number;
}

function pad({
  head = [0, 1],
  fill = 0xff,
  separator = [0],
  info = "SHA-256",
  tail = [],
  fillBytes,
}: Padding): number[] {
  const body = [...separator, ...fromHex(DIGEST_INFO[info]), ...digest, ...tail];
  const room = RSA_BYTES - head.length - body.length;
  const filled = [...head, ...Array.from({ length: fillBytes ?? room }, () => fill), ...body];
  return [...filled, ...Array.from({ length: RSA_BYTES - filled.length }, () => 0xab)];
}

function verifyRsa(signature: Uint8Array): Promise<boolean> {
  return isSignedBy(readSigned(`${input}.${base64url.encode(signature)}`), rsaKey, "RS256");
}

describe("RS256", () => {
  it("accepts the one padding that PKCS #1 has for it", async () => {
    expect(await verifyRsa(signRaw(pad({})))).toBe(true);
  });

  const kinds = (Object.keys(DIGEST_INFO) as (keyof typeof DIGEST_INFO)[]).filter((info) => info !== "SHA-256");

  it.each<[string, Padding]>([
    ...kinds.map((info): [string, Padding] => [`a digest of ${info}`, { info }]),
    ["a first byte that is not 0", { head: [1, 1] }],
    ["block type 0", { head: [0, 0] }],
    ["block type 2", { head: [0, 2] }],
    ["another filling", { fill: 0xfe }],
    ["no separator", { separator: [] }],
    ["two separators", { separator: [0, 0] }],
    ["a separator that is not 0", { separator: [1] }],
    ["eight bytes of padding and anything behind the digest (Bleichenbacher 2006)", { fillBytes: 8 }],
    ["no padding and anything behind the digest", { fillBytes: 0 }],
    ["a byte behind the digest", { tail: [0] }],
    ["a NULL behind the digest", { tail: [5, 0] }],
  ])("refuses %s", async (_what, padding) => {
    expect(await verifyRsa(signRaw(pad(padding)))).toBe(false);
  });

  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ["0", () => new Uint8Array(RSA_BYTES)],
    ["1", () => toBytes(1n, RSA_BYTES)],
    ["n - 1", () => toBytes(modulus - 1n, RSA_BYTES)],
    ["n", () => toBytes(modulus, RSA_BYTES)],
    ["n - s", (signature) => toBytes(modulus - toBigInt(signature), RSA_BYTES)],
    ["s + n", (signature) => toBytes(toBigInt(signature) + modulus, RSA_BYTES + 1)],
    ["a leading zero", (signature) => Uint8Array.from([0, ...signature])],
    ["a trailing zero", (signature) => Uint8Array.from([...signature, 0])],
    ["a byte less", (signature) => signature.subarray(1)],
    ["nothing", () => new Uint8Array(0)],
  ])("refuses the signature %s", async (_what, spoil) => {
    expect(await verifyRsa(spoil(signRaw(pad({}))))).toBe(false);
  });
});

describe("PS256", () => {
  it.each([
    [32, true],
    [0, false],
    [20, false],
    [31, false],
    [33, false],
    [64, false],
  ])("with a salt of %i bytes: %s (RFC 7518 §3.5)", async (saltLength, holds) => {
    const key = await crypto.subtle.importKey(
      "jwk",
      { ...privateJwk, alg: "PS256" },
      { name: "RSA-PSS", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const text = signingInput("PS256", "salt");
    const signature = await crypto.subtle.sign({ name: "RSA-PSS", saltLength }, key, encoder.encode(text));
    expect(
      await isSignedBy(readSigned(`${text}.${base64url.encode(new Uint8Array(signature))}`), rsaKey, "PS256"),
    ).toBe(holds);
  });
});

const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

describe("Ed25519", () => {
  const reversed = (bytes: Uint8Array): Uint8Array => bytes.toReversed();

  it("refuses S + L, and a changed R", async () => {
    const keys = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
    const { x } = (await crypto.subtle.exportKey("jwk", keys.publicKey)) as JsonWebKey;
    const key = readKey({ kty: "OKP", crv: "Ed25519", x });
    const text = signingInput("Ed25519", "malleable");
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, encoder.encode(text)));
    const verify = (bytes: Uint8Array) => isSignedBy(readSigned(`${text}.${base64url.encode(bytes)}`), key, "Ed25519");
    expect(await verify(signature)).toBe(true);
    const shifted = toBytes(toBigInt(reversed(signature.subarray(32))) + ED25519_ORDER, 32);
    expect(await verify(Uint8Array.from([...signature.subarray(0, 32), ...reversed(shifted)]))).toBe(false);
    expect(await verify(Uint8Array.from([(signature[0] ?? 0) ^ 1, ...signature.subarray(1)]))).toBe(false);
  });
});

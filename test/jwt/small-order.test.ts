import { ed25519 } from "@noble/curves/ed25519.js";
import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { isUnfitEd25519Key } from "../../src/jwt/small-order.ts";
import { readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { isSignedBy } from "../../src/jwt/verify.ts";
import { readSigned } from "../support/signed.ts";

const { Point } = ed25519;
const PRIME = Point.Fp.ORDER;

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 0xffn));
}

function withSign(encoded: Uint8Array): Uint8Array {
  return Uint8Array.from(encoded, (byte, index) => (index === 31 ? byte | 0x80 : byte));
}

/** A point of order 8 and all its multiples, by another implementation of the curve. */
function pointsOfSmallOrder(): readonly Uint8Array[] {
  const generator = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", true);
  const multiples = [Point.ZERO];
  for (let at = 1; at < 8; at += 1) multiples.push((multiples.at(-1) ?? Point.ZERO).add(generator));
  return multiples.map((point) => point.toBytes());
}

describe("a point of small order", () => {
  it("is no key, whichever of the eight, whatever the sign", () => {
    const points = pointsOfSmallOrder();
    expect(new Set(points.map((point) => base64url.encode(point))).size).toBe(8);
    for (const point of points) {
      expect(isUnfitEd25519Key(point)).toBe(true);
      expect(isUnfitEd25519Key(withSign(point))).toBe(true);
      const jwk = { kty: "OKP", crv: "Ed25519", x: base64url.encode(point) };
      expect(readVerificationKey(jwk)).toBe("weak_point");
    }
  });

  it("would verify every message, if it were let through to WebCrypto", async () => {
    const identity = Point.ZERO.toBytes();
    const material = { kty: "OKP", crv: "Ed25519", x: base64url.encode(identity) };
    const key: VerificationKey = { kid: null, kty: "OKP", crv: "Ed25519", alg: null, material };
    const header = base64url.encode(JSON.stringify({ alg: "Ed25519" }));
    const signature = base64url.encode(Uint8Array.from([...identity, ...new Uint8Array(32)]));
    for (const payload of ["one", "another"]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await isSignedBy(readSigned(`${header}.${base64url.encode(payload)}.${signature}`), key, "Ed25519")).toBe(
        true,
      );
    }
  });
});

describe("a y that is not below the prime", () => {
  it("is no key: it is another spelling", () => {
    for (let y = PRIME; y < 2n ** 255n; y += 1n) expect(isUnfitEd25519Key(littleEndian(y))).toBe(true);
    expect(isUnfitEd25519Key(littleEndian(PRIME - 2n))).toBe(false);
  });
});

describe("any other point", () => {
  it("may be one", () => {
    for (let at = 1n; at < 200n; at += 1n) expect(isUnfitEd25519Key(Point.BASE.multiply(at).toBytes())).toBe(false);
  });
});

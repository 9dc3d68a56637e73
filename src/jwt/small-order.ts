/** y of the points of order 1, 2, 4 and 8 (two of order 8), little-endian; the sign of x is the top bit of the last byte. */
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];
/** 2^255 - 19, little-endian but for its first byte, below which a y is canonical. */
const FIRST_BYTE_OF_PRIME = 0xed;

/**
 * An Ed25519 key that is a point of small order verifies one signature over every message (RFC 8032 §5.1.7 lets it, and
 * so does WebCrypto); a y of the prime or more is a second spelling of a first one. Neither is anybody's key.
 */
export function isUnfitEd25519Key(encoded: Uint8Array): boolean {
  const y = Uint8Array.from(encoded, (byte, index) => (index === encoded.length - 1 ? byte & 0x7f : byte));
  return SMALL_ORDER.includes(toHex(y)) || isBeyondPrime(y);
}

function isBeyondPrime(y: Uint8Array): boolean {
  const [first = 0, ...rest] = y;
  return first >= FIRST_BYTE_OF_PRIME && rest.at(-1) === 0x7f && rest.slice(0, -1).every((byte) => byte === 0xff);
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

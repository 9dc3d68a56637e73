import type { Members } from "../../test/support/documents.ts";
import type { Random } from "../../test/support/random.ts";
import { signText, type TestKey } from "../../test/support/test-idp.ts";

/** A JWT before it is signed, and the claims without which it is worth nothing. */
export interface Signable {
  readonly header: Members;
  readonly claims: Members;
  readonly needed: readonly string[];
  readonly key: TestKey;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NEVER_A_CLAIM: readonly unknown[] = [null, true, [], {}, [[]], { a: 1 }, -1, 0, 1.5, 1e300, ""];

type Spoiling = (signable: Signable, random: Random) => Promise<string>;

const SPOILINGS: readonly Spoiling[] = [
  async ({ header, claims, needed, key }, random) => sign(header, { ...claims, [random.pick(needed)]: undefined }, key),
  async ({ header, claims, needed, key }, random) =>
    sign(header, { ...claims, [random.pick(needed)]: random.pick(NEVER_A_CLAIM) }, key),
  async ({ header, claims, key }, random) =>
    sign(
      { ...header, typ: random.pick(["at+jwt", "oauth-id-jag+jwt", "logout+jwt", 7, "x".repeat(300)]) },
      claims,
      key,
    ),
  async ({ header, claims, key }, random) =>
    sign(
      { ...header, alg: random.pick(["none", "HS256", "RS256", "PS256", "ES384", "es256", "", null, 7]) },
      claims,
      key,
    ),
  async ({ header, claims, key }, random) =>
    sign(
      { ...header, [random.pick(["crit", "b64", "zip", "jku", "x5u", "enc"])]: random.pick([null, [], "x", {}]) },
      claims,
      key,
    ),
  async (signable, random) => {
    const token = await signed(signable);
    const at = random.below(token.length);
    const others = Array.from(`${BASE64URL}.=`).filter((character) => character !== token[at]);
    return token.slice(0, at) + random.pick(others) + token.slice(at + 1);
  },
  async (signable, random) => {
    const token = await signed(signable);
    return token.slice(0, random.below(token.length));
  },
  async (signable, random) => {
    const [header = "", , signature = ""] = (await signed(signable)).split(".");
    const claims = { ...signable.claims, [random.text("abc", 3)]: random.text(BASE64URL, 8) };
    return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
  },
  async (signable, random) => {
    const [header = "", payload = ""] = (await signed(signable)).split(".");
    const bytes = Buffer.alloc(random.pick([1, 63, 64, 65]), random.pick([0, 255, 1]));
    return [header, payload, bytes.toString("base64url")].join(".");
  },
  async (signable, random) => `${await signed(signable)}${random.pick([".", ".e30", "=", "A"])}`,
  async ({ header, claims, key }) => {
    const text = JSON.stringify(claims);
    return signText(JSON.stringify(header), `${text.slice(0, -1)},${text.slice(1)}`, key);
  },
];

export function signed({ header, claims, key }: Signable): Promise<string> {
  return sign(header, claims, key);
}

/** The same in one of many ways that none may pass. */
export function spoil(signable: Signable, random: Random): Promise<string> {
  return random.pick(SPOILINGS)(signable, random);
}

function sign(header: Members, claims: Members, key: TestKey): Promise<string> {
  return signText(JSON.stringify(header), JSON.stringify(claims), key);
}

import { describe, expect, it } from "vitest";
import { NOW, testIdp, verdictOf } from "../support/redemption.ts";
import { signText, validClaims } from "../support/test-idp.ts";

/** A15: two readers of one text that see two values. The last wins in V8 and in jose, the first elsewhere. */
const HEADER = JSON.stringify({ typ: "oauth-id-jag+jwt", alg: "ES256", kid: "key-ES256" });

function claims(): string {
  return JSON.stringify(validClaims({}, NOW));
}

function before(text: string, members: string): string {
  return text.replace("{", `{${members},`);
}

function behind(text: string, members: string): string {
  return text.replace(/\}$/, `,${members}}`);
}

async function verdictOfText(header: string, payload: string) {
  const { key } = await testIdp();
  return verdictOf({ assertion: await signText(header, payload, key) });
}

const CLAIMS: [string, string][] = [
  ["aud", '"aud":"https://elsewhere.example"'],
  ["aud, in escapes", '"\\u0061ud":"https://elsewhere.example"'],
  ["aud, in capital escapes", '"\\u0061\\u0075\\u0064":"https://elsewhere.example"'],
  ["iss", '"iss":"https://idp.evil.example"'],
  ["sub", '"sub":"admin"'],
  ["client_id", '"client_id":"another"'],
  ["client_id, with an escaped underscore", '"client\\u005fid":"another"'],
  ["jti", '"jti":"another"'],
  ["exp", '"exp":9999999999'],
  ["scope", '"scope":"admin"'],
  ["resource", '"resource":[]'],
  ["a member of a member", '"x":{"a":1,"a":2}'],
  ["a member in a list", '"x":[{"a":1,"a":2}]'],
  ["a claim that nobody uses", '"x":1,"x":1'],
];

describe("a repeated member", () => {
  it.each(CLAIMS)("of the claims is refused, before: %s", async (_what, member) => {
    expect(await verdictOfText(HEADER, before(claims(), member))).toEqual({
      verdict: "assertion_malformed",
      consumed: 0,
    });
  });

  it.each(CLAIMS)("of the claims is refused, behind: %s", async (_what, member) => {
    expect(await verdictOfText(HEADER, behind(claims(), member))).toEqual({
      verdict: "assertion_malformed",
      consumed: 0,
    });
  });

  it.each([
    ["alg", '"alg":"none"'],
    ["alg, the same", '"alg":"ES256"'],
    ["typ", '"typ":"JWT"'],
    ["kid", '"kid":"another"'],
    ["kid, in escapes", '"\\u006bid":"another"'],
  ])("of the header is refused: %s", async (_what, member) => {
    expect(await verdictOfText(before(HEADER, member), claims())).toEqual({
      verdict: "assertion_malformed",
      consumed: 0,
    });
    expect(await verdictOfText(behind(HEADER, member), claims())).toEqual({
      verdict: "assertion_malformed",
      consumed: 0,
    });
  });

  it("is what is refused: the same text without it is granted", async () => {
    expect(await verdictOfText(HEADER, behind(claims(), '"x":{"a":1,"b":2}'))).toEqual({
      verdict: "granted",
      consumed: 1,
    });
  });
});

describe("a claim named __proto__", () => {
  it("lends no value to a claim that is absent", async () => {
    const payload = JSON.stringify(validClaims({ client_id: undefined }, NOW)).replace(
      "{",
      '{"__proto__":{"client_id":"agent"},',
    );
    expect(await verdictOfText(HEADER, payload)).toEqual({ verdict: "claims_malformed", consumed: 0 });
  });
});

describe("a name that is no JSON string", () => {
  it.each(['"\\q":1', '"\\u12":1', '"\\x61ud":"https://elsewhere.example"'])(
    "is the sender's mistake and not a fault of ours: %s",
    async (member) => {
      expect(await verdictOfText(HEADER, behind(claims(), member))).toEqual({
        verdict: "assertion_malformed",
        consumed: 0,
      });
      expect(await verdictOfText(behind(HEADER, member), claims())).toEqual({
        verdict: "assertion_malformed",
        consumed: 0,
      });
    },
  );
});

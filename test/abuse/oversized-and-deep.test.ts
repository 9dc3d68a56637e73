import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { NOW, testIdp, verdictOf } from "../support/redemption.ts";
import { signText, validClaims } from "../support/test-idp.ts";

/** A11, A16, A17, B10: well-signed assertions that cost, or that would break only after every check has passed. */
const HEADER = JSON.stringify({ typ: "oauth-id-jag+jwt", alg: "ES256", kid: "key-ES256" });
const encoder = new TextEncoder();

function withMember(member: string): string {
  return JSON.stringify(validClaims({}, NOW)).replace("{", `{${member},`);
}

function lists(depth: number): string {
  return `"x":${"[".repeat(depth)}${"]".repeat(depth)}`;
}

function objects(depth: number): string {
  return `"x":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

function bytes(prefix: readonly number[], text: string): Uint8Array {
  return Uint8Array.from([...prefix, ...encoder.encode(text)]);
}

async function verdictOfPayload(payload: string | Uint8Array) {
  const { key } = await testIdp();
  return verdictOf({ assertion: await signText(HEADER, payload, key) });
}

const WITHIN = LIMITS.jsonDepth - 1;

describe("an assertion that is too large, too deep or ambiguous", () => {
  it.each<[string, () => string | Uint8Array]>([
    ["17 KiB", () => withMember(`"x":"${"a".repeat(17 * 1024)}"`)],
    ["1 MB", () => withMember(`"x":"${"a".repeat(1_000_000)}"`)],
    ["one list deeper than it may be", () => withMember(lists(WITHIN + 1))],
    ["1,000 lists deep", () => withMember(lists(1000))],
    ["5,000 lists deep", () => withMember(lists(5000))],
    ["one object deeper than it may be", () => withMember(objects(WITHIN + 1))],
    ["1,000 objects deep", () => withMember(objects(1000))],
    [
      "of more members than there may be",
      () => withMember(Array.from({ length: LIMITS.jsonMembers }, (_, index) => `"x${index}":1`).join(",")),
    ],
    ["of more items than there may be", () => withMember(`"x":[${"1,".repeat(LIMITS.jsonItems)}1]`)],
    ["led by a byte order mark, which jose accepts", () => bytes([0xef, 0xbb, 0xbf], withMember('"x":1'))],
    ["of invalid UTF-8", () => bytes([], withMember('"x":"?"')).map((byte) => (byte === 0x3f ? 0xff : byte))],
    [
      "of UTF-16",
      () =>
        Uint8Array.from(
          withMember('"x":1')
            .split("")
            .flatMap((char) => [char.charCodeAt(0), 0]),
        ),
    ],
    ["that holds an infinite number", () => withMember('"x":1e400')],
    ["that holds a number beyond what survives", () => withMember('"x":9007199254740993')],
    ["that is a list", () => `[${withMember('"x":1')}]`],
    ["that is text", () => JSON.stringify(withMember('"x":1'))],
    ["followed by another", () => `${withMember('"x":1')}{}`],
    ["that holds a comment", () => `/**/${withMember('"x":1')}`],
  ])("is refused: one %s", async (_what, payload) => {
    expect(await verdictOfPayload(payload())).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });

  it.each<[string, string, string]>([
    ["infinite", '"exp":1e400', "assertion_malformed"],
    ["a fraction", '"exp":1795000060.5', "claims_malformed"],
    ["in milliseconds", '"exp":1795000060000', "claims_malformed"],
    ["negative", '"exp":-1', "claims_malformed"],
    ["text", '"exp":"1795000060"', "claims_malformed"],
  ])("is refused when its exp is %s", async (_what, member, reason) => {
    const payload = JSON.stringify(validClaims({ exp: undefined }, NOW)).replace("{", `{${member},`);
    expect(await verdictOfPayload(payload)).toEqual({ verdict: reason, consumed: 0 });
  });

  it.each<[string, () => string]>([
    ["as deep as it may be in lists", () => withMember(lists(WITHIN))],
    ["as deep as it may be in objects", () => withMember(objects(WITHIN))],
    ["nearly as large as it may be", () => withMember(`"x":"${"a".repeat(11 * 1024)}"`)],
  ])("is granted, one %s", async (_what, payload) => {
    expect(await verdictOfPayload(payload())).toEqual({ verdict: "granted", consumed: 1 });
  });
});

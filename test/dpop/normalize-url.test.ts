import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeUrl } from "../../src/dpop/normalize-url.ts";

const TOKEN = "https://crossgate.example/token";

describe("normalizeUrl folds what RFC 3986 §6.2.2-6.2.3 calls the same", () => {
  it.each([
    ["the scheme's case", "HTTPS://crossgate.example/token", TOKEN],
    ["the host's case", "https://CrossGate.Example/token", TOKEN],
    ["the default port", "https://crossgate.example:443/token", TOKEN],
    ["an empty port", "https://crossgate.example:/token", TOKEN],
    ["dot segments", "https://crossgate.example/a/./../token", TOKEN],
    ["dot segments, encoded", "https://crossgate.example/a/%2e%2E/token", TOKEN],
    ["an empty path", "https://crossgate.example", "https://crossgate.example/"],
    ["the case of an encoding", "https://crossgate.example/%c3%a9", "https://crossgate.example/%C3%A9"],
    ["an address of six", "http://[::1]:80/token", "http://[::1]/token"],
  ])("%s", (_what, text, expected) => {
    expect(normalizeUrl(text)).toBe(expected);
  });
});

describe("normalizeUrl keeps apart", () => {
  it.each([
    ["paths by their case", "https://crossgate.example/Token"],
    ["a slash at the end", "https://crossgate.example/token/"],
    ["two slashes", "https://crossgate.example//token"],
    ["an encoded slash", "https://crossgate.example/%2Ftoken"],
    ["another port", "https://crossgate.example:8443/token"],
    ["another scheme", "http://crossgate.example/token"],
    ["a host with a dot at its end", "https://crossgate.example./token"],
  ])("%s", (_what, text) => {
    expect(normalizeUrl(text)).not.toBeNull();
    expect(normalizeUrl(text)).not.toBe(TOKEN);
  });

  it("addresses that are spelled as numbers", () => {
    expect(normalizeUrl("http://127.1/")).not.toBe(normalizeUrl("http://127.0.0.1/"));
    expect(normalizeUrl("http://0x7f000001/")).not.toBe(normalizeUrl("http://127.0.0.1/"));
  });
});

/** Each of these a browser's parser takes for the token endpoint. */
const FOLDED_BY_PARSERS: readonly (readonly [string, string])[] = [
  ["backslashes", "https:\\\\crossgate.example\\token"],
  ["a backslash in the path", "https://crossgate.example\\token"],
  ["a tab", "https://crossgate.example/to\tken"],
  ["a newline", "https://crossgate.example/to\nken"],
  ["a newline at the end", `${TOKEN}\n`],
  ["a space before", ` ${TOKEN}`],
  ["a space after", `${TOKEN} `],
  ["a control character before", `\u0000${TOKEN}`],
  ["one slash", "https:/crossgate.example/token"],
  ["no slash", "https:crossgate.example/token"],
  ["three slashes", "https:///crossgate.example/token"],
  ["an empty user", "https://@crossgate.example/token"],
  ["an empty user and password", "https://:@crossgate.example/token"],
  ["a port with a nought before", "https://crossgate.example:0443/token"],
  ["a host in wide letters", "https://ｃrossgate.example/token"],
  ["a host with a soft hyphen", "https://cross\u00ADgate.example/token"],
  ["a host with an ideographic full stop", "https://crossgate。example/token"],
  ["an encoded host", "https://%63rossgate.example/token"],
];

describe("normalizeUrl refuses what only a browser's parser takes for the same", () => {
  it.each(FOLDED_BY_PARSERS)("%s", (_what, text) => {
    expect(new URL(text).href).toBe(TOKEN);
    expect(normalizeUrl(text)).toBeNull();
  });

  it.each([
    ["a user", "https://user@crossgate.example/token"],
    ["a query", `${TOKEN}?`],
    ["a fragment", `${TOKEN}#`],
    ["a bare percent", "https://crossgate.example/%"],
    ["letters beyond ASCII", "https://crossgate.example/é"],
    ["a path alone", "/token"],
    ["nothing", ""],
  ])("%s", (_what, text) => {
    expect(normalizeUrl(text)).toBeNull();
  });

  it("and whatever the grammar allows, it reads once and for all", () => {
    const path = fc.array(fc.constantFrom("a", "B", ".", "..", "%2e", "%c3%A9", "", ":", "@", "~"), { maxLength: 6 });
    const check = fc.property(path, (segments) => {
      const once = normalizeUrl(`https://crossgate.example/${segments.join("/")}`);
      expect(once).not.toBeNull();
      expect(normalizeUrl(once ?? "")).toBe(once);
    });
    fc.assert(check, { seed: 7, numRuns: 300 });
  });
});

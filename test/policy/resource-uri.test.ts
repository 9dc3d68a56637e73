import { describe, expect, it } from "vitest";
import { isDoubtfulTemplate, isDoubtfulUri } from "../../src/policy/resource-uri.ts";

describe("a URI in its one spelling", () => {
  it.each([
    "file:///public/a",
    "file:///",
    "file:///public/a%20b/%C3%A9",
    "file:///public/.hidden/a..b/...",
    "file:///C:/Users/Ada",
    "https://docs.example/",
    "https://docs.example:8443/a/b?path=../b&q=1",
    "https://[2001:db8::1]/a",
    "https://docs.example/100%25",
    "note://internal/1",
    "a://b",
    "a:b",
    "urn:isbn:0451450523",
  ])("is read alike by all: %s", (uri) => {
    expect(isDoubtfulUri(uri)).toBe(false);
  });
});

describe("a URI in another spelling, or with a part that some would not see", () => {
  it.each([
    ["a capital in its scheme", "FILE:///secret/key"],
    ["a capital in its host", "https://Docs.example/a"],
    ["a capital in the host of a scheme that parsers do not know", "note://Internal/1"],
    ["user information", "https://x@docs.example/a"],
    ["a host's last dot", "https://docs.example./a"],
    ["the port that goes without saying", "https://docs.example:443/a"],
    ["an address in other figures", "https://0x7f.1/a"],
    ["no path", "https://docs.example"],
    ["no slashes before its host", "https:docs.example/a"],
    ["one slash", "file:/secret/key"],
    ["no slash", "file:secret/key"],
    ["a host, of a file", "file://localhost/secret/key"],
    ["another host, of a file", "file://elsewhere/secret/key"],
    ["a query, of a file", "file:///secret/key?"],
    ["a fragment", "https://docs.example/a#b"],
    ["an empty segment", "file:////secret/key"],
    ["an empty segment further on", "https://docs.example/a//b"],
    ["a space before", " file:///secret/key"],
    ["a space after", "file:///secret/key "],
    ["a space", "file:///secret/a key"],
    ["a tab", "file:///sec\tret/key"],
    ["a line's end", "file:///sec\nret/key"],
    ["a line's end last", "file:///secret/key\n"],
    ["a null character", "file:///secret/key\0"],
    ["DEL", "file:///secret/key\u007F"],
    ["a letter beyond ASCII", "file:///secret/é"],
    ["a dot of full width", "file:///public/\uFF0E\uFF0E/a"],
    ["a backslash", String.raw`file:///public\..\secret`],
    ["a bar for a drive's colon", "file:///C|/Users"],
    ["a bracket that must be encoded", "file:///public/a[1]"],
    ["an encoded letter", "file:///%73ecret/key"],
    ["an encoded mark", "file:///a%21"],
    ["an encoded slash", "file:///secret%2Fkey"],
    ["an encoded backslash", "file:///secret%5Ckey"],
    ["an encoded tab", "file:///public/.%09./a"],
    ["a letter encoded twice", "file:///%2573ecret/key"],
    ["small hexadecimal digits", "file:///%c3%a9"],
    ["half an encoding", "file:///a%2"],
    ["what is no UTF-8", "file:///public/%C0%AE%C0%AE/secret"],
    ["a dot segment", "file:///public/../secret/key"],
    ["a dot segment at its end", "file:///public/.."],
    ["a dot segment that is none of the others", "file:///public/./key"],
    ["a dot segment with parameters", "https://docs.example/public/..;x/secret"],
    ["a dot segment behind a question mark", "https://docs.example/public/x?/../../secret"],
    ["a dot segment without a root", "note:../secret"],
    ["no scheme", "/secret/key"],
    ["nothing", ""],
  ])("is doubtful: %s", (_what, uri) => {
    expect(isDoubtfulUri(uri), JSON.stringify(uri)).toBe(true);
  });

  it("is found in no time, however long", () => {
    expect(isDoubtfulUri(`note://${"a".repeat(2000)}/${"/a".repeat(2000)}\t`)).toBe(true);
  });
});

describe("a template", () => {
  it.each(["file:///public/{name}", "note://{Book}/{page}", "https://docs.example/{+path}{?query*}"])(
    "is judged by what stands around its expressions: %s",
    (template) => {
      expect(isDoubtfulTemplate(template)).toBe(false);
      expect(isDoubtfulTemplate(`${template}/../x`)).toBe(true);
      expect(isDoubtfulTemplate(template.toUpperCase())).toBe(true);
    },
  );

  it.each(["file:///public/{", "file:///public/{{a}}", "file:///public/}{"])(
    "is one only as a whole: %s",
    (template) => {
      expect(isDoubtfulTemplate(template)).toBe(true);
    },
  );
});

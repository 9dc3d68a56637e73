import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import {
  isClientPattern,
  isMetadataDocumentUrl,
  isWellFormedPattern,
  patternsFor,
} from "../../src/egress/client-identifier.ts";

describe("the URL of a metadata document [CIMD-01]", () => {
  it.each([
    "https://agent.example/client.json",
    "https://agent.example/",
    "https://agent.example:8443/client",
    "https://agent.example/a/b/c/d/e/client.json",
    "https://agent.example/trailing/",
    "https://agent.example/~user/client_1.0+x,y=z:@!$'()",
    "https://xn--bcher-kva.example/client.json",
    "http://127.0.0.1:4000/client.json",
  ])("is %s", (url) => {
    expect(isMetadataDocumentUrl(url)).toBe(true);
  });

  it.each([
    ["no URL", "agent"],
    ["nothing", ""],
    ["plain http", "http://agent.example/client.json"],
    ["another scheme", "ftp://agent.example/client.json"],
    ["no path", "https://agent.example"],
    ["a user", "https://user@agent.example/client.json"],
    ["a password", "https://user:password@agent.example/client.json"],
    ["an empty user", "https://@agent.example/client.json"],
    ["a fragment", "https://agent.example/client.json#x"],
    ["an empty fragment", "https://agent.example/client.json#"],
    ["a query", "https://agent.example/client.json?x=1"],
    ["an empty query", "https://agent.example/client.json?"],
    ["a dot segment", "https://agent.example/./client.json"],
    ["two dots", "https://agent.example/a/../client.json"],
    ["two dots, encoded", "https://agent.example/a/%2e%2e/client.json"],
    ["a slash, encoded", "https://agent.example/a/..%2fclient.json"],
    ["a backslash", "https://agent.example/a\\client.json"],
    ["a backslash, encoded", "https://agent.example/a/..%5cclient.json"],
    ["parameters of a segment", "https://agent.example/a/..;/client.json"],
    ["an empty segment", "https://agent.example//client.json"],
    ["the port that https has anyway", "https://agent.example:443/client.json"],
    ["a host in upper case", "https://AGENT.example/client.json"],
    ["a scheme in upper case", "HTTPS://agent.example/client.json"],
    ["a space", "https://agent.example/client .json"],
    ["a tab", "https://agent.example/cl\tient.json"],
    ["a letter that is not ASCII", "https://agent.example/clïent.json"],
    ["a host that is not ASCII", "https://bücher.example/client.json"],
    ["an asterisk", "https://agent.example/*"],
    ["more than an identifier may have", `https://agent.example/${"x".repeat(LIMITS.identifierBytes)}`],
  ])("has not %s", (_name, url) => {
    expect(isMetadataDocumentUrl(url)).toBe(false);
  });
});

describe("a pattern", () => {
  it.each(["https://agents.example/*", "https://agents.example/a/b/c/*", "http://127.0.0.1:4000/*"])(
    "is %s",
    (name) => {
      expect({ is: isClientPattern(name), wellFormed: isWellFormedPattern(name) }).toEqual({
        is: true,
        wellFormed: true,
      });
    },
  );

  it.each([
    "*",
    "/*",
    "https://*",
    "https://*/*",
    "https://*.example/*",
    "https://agents.example/*/x/*",
    "https://agents.example/a/b/c/d/*",
    "https://agents.example/a/../*",
    "https://agents.example//*",
    "https://agents.example/a*",
    "https://agents.example/a",
    "http://agents.example/*",
    "https://user@agents.example/*",
  ])("is not %s", (name) => {
    expect(isWellFormedPattern(name)).toBe(false);
  });
});

describe("the patterns that could admit a client", () => {
  it("are those of its folders, the longest first", () => {
    expect(patternsFor("https://agents.example/a/b/client.json")).toEqual([
      "https://agents.example/a/b/*",
      "https://agents.example/a/*",
      "https://agents.example/*",
    ]);
  });

  // Each costs a read, and anybody may ask.
  it("are few, however deep its path", () => {
    const deep = `https://agents.example/${"a/".repeat(100)}x`;
    expect(patternsFor(deep)).toHaveLength(LIMITS.clientPatternDepth + 1);
    expect(patternsFor(deep)[0]).toBe("https://agents.example/a/a/a/*");
  });

  it("keep the port, and leave out the name of the document", () => {
    expect(patternsFor("https://agents.example:8443/client.json")).toEqual(["https://agents.example:8443/*"]);
  });

  it.each(["agent", "https://agents.example/a/../b", "https://agents.example/*", "https://agents.example/a?b"])(
    "are none for %s",
    (clientId) => {
      expect(patternsFor(clientId)).toEqual([]);
    },
  );

  it("are all well formed", () => {
    for (const pattern of patternsFor("https://agents.example/a/b/c/d/e"))
      expect(isWellFormedPattern(pattern)).toBe(true);
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import {
  FENCE_KINDS,
  fenceName,
  isOurs,
  kindOfFence,
  namesOf,
  type Parties,
} from "../../src/revocation/fence-names.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom('a","b', "a:b", "", "\ud800", "\\"));

describe("a name", () => {
  it("is one thing's alone, whatever values people have [no injection]", () => {
    const thing = fc.tuple(
      fc.constantFrom("subject" as const, "assertion_key" as const),
      fc.array(text, { minLength: 2, maxLength: 3 }),
    );
    fc.assert(
      fc.property(thing, thing, ([kind, parts], [otherKind, otherParts]) => {
        const name = fenceName(kind, ...(parts as [string, string]));
        const other = fenceName(otherKind, ...(otherParts as [string, string]));
        return (name === other) === (JSON.stringify([kind, parts]) === JSON.stringify([otherKind, otherParts]));
      }),
      { seed: 3, numRuns: 2000 },
    );
  });

  it.each(FENCE_KINDS)("tells its kind: %s", (kind) => {
    expect(kindOfFence(fenceName(kind, "x:y"))).toBe(kind);
  });

  it("of no kind we know is nobody's", () => {
    expect(kindOfFence("subjects:x")).toBeNull();
    expect(isOurs("subjects:x")).toBe(false);
  });
});

const PARTIES: Parties = {
  issuer: "https://idp.example.com",
  organization: "acme",
  clientId: "agent",
  principal: "usr_1",
  tenant: "t1",
  sub: "ada",
  resource: "https://mcp.example.com/files",
  tokenId: "token-1",
  assertionKeyId: "key-1",
  signingKeyId: "ours-1",
};

describe("what can be revoked of a token", () => {
  it("is everything that it rests on", () => {
    expect(namesOf(PARTIES).toSorted()).toEqual(
      [
        "issuer:https://idp.example.com",
        "organization:acme",
        "client:agent",
        "principal:usr_1",
        'subject:["https://idp.example.com","ada"]',
        'subject:["https://idp.example.com","ada","t1"]',
        "resource:https://mcp.example.com/files",
        'connection:["acme","agent","https://mcp.example.com/files"]',
        "token:token-1",
        'assertion_key:["https://idp.example.com","key-1"]',
        "signing_key:ours-1",
      ].toSorted(),
    );
  });

  it("has no subject of a tenant where there is none", () => {
    expect(namesOf({ ...PARTIES, tenant: null }).filter((name) => name.startsWith("subject:"))).toHaveLength(1);
  });

  it("is every family of clients that could cover it, and no other", () => {
    const clients = (clientId: string) =>
      namesOf({ ...PARTIES, clientId }).filter((name) => kindOfFence(name) === "client");
    expect(clients("https://host.example/agents/red/client.json")).toEqual([
      "client:https://host.example/agents/red/client.json",
      "client:https://host.example/agents/red/*",
      "client:https://host.example/agents/*",
      "client:https://host.example/*",
    ]);
    const deep = `https://host.example/${"a/".repeat(100)}client.json`;
    expect(clients(deep)).toHaveLength(LIMITS.clientPatternDepth + 2);
    expect(clients("https://host.example/agents/..%2fother/x")).toHaveLength(1);
  });
});

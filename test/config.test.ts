import { describe, expect, it } from "vitest";
import { ConfigInvalid, parseConfig } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";

const VARIABLES = {
  ISSUER: "https://mcp.example.com",
  LEDGER_SHARDS: "16",
  LEDGER_SHARDS_BEFORE: "",
  LEDGER_JURISDICTION: "",
  LEDGER_LOCATION_HINT: "",
  AUDIT_SUBJECTS: "plain",
  ACCESS_TEAM_DOMAIN: "",
  ACCESS_AUDIENCE: "",
  AUDIT_INDEX_DAYS: "90",
  AUDIT_LEGAL_HOLD: "",
};

function complaint(change: Partial<typeof VARIABLES>): string | null {
  try {
    parseConfig({ ...VARIABLES, ...change });
    return null;
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
}

describe("parseConfig", () => {
  it("keeps the index for as long as it is told, and for good under a legal hold", () => {
    expect(parseConfig(VARIABLES).auditIndexDays).toBe(90);
    expect(parseConfig({ ...VARIABLES, AUDIT_LEGAL_HOLD: "on" }).auditIndexDays).toBeNull();
    // A hold that is misspelled must not be none.
    expect(complaint({ AUDIT_LEGAL_HOLD: "yes" })).toContain("AUDIT_LEGAL_HOLD");
    for (const days of ["", "0", "-1", "3651", "90d"])
      expect(complaint({ AUDIT_INDEX_DAYS: days })).toContain("AUDIT_INDEX_DAYS");
  });

  it("names people in audit records as it is told to, and guesses nothing", () => {
    expect(parseConfig({ ...VARIABLES, AUDIT_SUBJECTS: "hashed" }).auditSubjects).toBe("hashed");
    expect(complaint({ AUDIT_SUBJECTS: "" })).toContain("AUDIT_SUBJECTS");
    expect(complaint({ AUDIT_SUBJECTS: "Hashed" })).toContain("AUDIT_SUBJECTS");
  });

  it("reads a deployment", () => {
    expect(parseConfig(VARIABLES)).toMatchObject({
      issuer: "https://mcp.example.com",
      tokenEndpoint: "https://mcp.example.com/token",
      egress: { ownHost: "mcp.example.com", allowsLoopback: false },
      ledger: { shards: 16, shardsBefore: null, jurisdiction: null, locationHint: null },
    });
  });

  it("knows Access by team and audience, both or neither, and no other host", () => {
    const audience = "f".repeat(64);
    const team = "https://acme.cloudflareaccess.com";
    expect(parseConfig(VARIABLES).access).toBeNull();
    const access = { ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: audience };
    expect(parseConfig({ ...VARIABLES, ...access }).access).toEqual({ team, audience });
    for (const other of [
      "",
      `${team}/`,
      "http://acme.cloudflareaccess.com",
      "https://cloudflareaccess.com.evil.example",
    ]) {
      expect(complaint({ ...access, ACCESS_TEAM_DOMAIN: other })).toContain("ACCESS_TEAM_DOMAIN");
    }
    for (const other of ["", "short", "with space ".repeat(3)]) {
      expect(complaint({ ...access, ACCESS_AUDIENCE: other })).toContain("ACCESS_AUDIENCE");
    }
    expect(complaint({ ...access, ACCESS_TEAM_DOMAIN: "http://127.0.0.1:9" })).toContain("ACCESS_TEAM_DOMAIN");
  });

  it("cannot be changed afterwards", () => {
    expect(Object.isFrozen(parseConfig(VARIABLES))).toBe(true);
  });

  it.each([
    ["https://mcp.example.com:8443", "mcp.example.com", false],
    ["http://127.0.0.1:8787", "127.0.0.1", true],
    ["http://localhost:8787", "localhost", true],
    ["http://[::1]:8787", "[::1]", true],
  ])("takes %s for an issuer, and allows loopback only to a local one", (issuer, ownHost, allowsLoopback) => {
    expect(parseConfig({ ...VARIABLES, ISSUER: issuer })).toMatchObject({
      issuer,
      egress: { ownHost, allowsLoopback },
    });
  });

  it.each([
    "",
    "mcp.example.com",
    "https://mcp.example.com/",
    "https://mcp.example.com/tenant",
    "https://MCP.example.com",
    "https://mcp.example.com:443",
    "https://user@mcp.example.com",
    "https://mcp.example.com?a",
    "https://mcp.example.com#a",
    " https://mcp.example.com",
    "https://bücher.example",
    "http://mcp.example.com",
    "http://10.0.0.1",
    "http://0.0.0.0:8787",
    "ftp://mcp.example.com",
    "null",
  ])("refuses the issuer %o, naming the variable", (issuer) => {
    expect(complaint({ ISSUER: issuer })).toContain("ISSUER");
  });

  it.each([
    ["1", 1],
    ["16", 16],
    [`${LIMITS.ledgerShards}`, LIMITS.ledgerShards],
  ])("reads %s shards", (text, shards) => {
    expect(parseConfig({ ...VARIABLES, LEDGER_SHARDS: text, LEDGER_SHARDS_BEFORE: text }).ledger).toMatchObject({
      shards,
      shardsBefore: shards,
    });
  });

  it.each(["0", "-1", "1.5", "1e2", "0x10", " 16", "16 ", "", "many", "257", "1000", "１６"])(
    "refuses %o shards, naming the variable",
    (text) => {
      expect(complaint({ LEDGER_SHARDS: text })).toContain("LEDGER_SHARDS ");
    },
  );

  it.each(["0", "-1", "257", "many", " "])("refuses %o shards before, naming the variable", (text) => {
    expect(complaint({ LEDGER_SHARDS_BEFORE: text })).toContain("LEDGER_SHARDS_BEFORE ");
  });

  it.each(["eu", "fedramp"])("reads the jurisdiction %s", (jurisdiction) => {
    expect(parseConfig({ ...VARIABLES, LEDGER_JURISDICTION: jurisdiction }).ledger).toMatchObject({ jurisdiction });
  });

  it.each(["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"])("reads the location %s", (hint) => {
    expect(parseConfig({ ...VARIABLES, LEDGER_LOCATION_HINT: hint }).ledger).toMatchObject({ locationHint: hint });
  });

  it.each(["EU", "us", " eu", "constructor", "none"])(
    "refuses the place %o rather than keep records elsewhere",
    (place) => {
      expect(complaint({ LEDGER_JURISDICTION: place })).toContain("LEDGER_JURISDICTION");
      expect(complaint({ LEDGER_LOCATION_HINT: place })).toContain("LEDGER_LOCATION_HINT");
    },
  );
});

import { describe, expect, it } from "vitest";
import { allowOrigin, requireAllowedOrigin, respondPreflight } from "../../src/gateway/cors.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { RESOURCE } from "../support/documents.ts";
import { makeResource } from "../support/redemption.ts";

const APP = "https://app.example";
const resource = makeResource({ allowed_origins: [APP, "http://localhost:5173"] });

function verdictOn(origin: string | null): string | null {
  const request = new Request(RESOURCE, { headers: origin === null ? {} : { origin } });
  try {
    return requireAllowedOrigin(request, resource);
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

describe("the origin", () => {
  it.each([
    ["none, as from no browser", null, null],
    ["on the list", APP, APP],
    ["on the list, with its port", "http://localhost:5173", "http://localhost:5173"],
    ["a stranger's", "https://evil.example", "origin_not_allowed"],
    ["null, as from a sandbox", "null", "origin_not_allowed"],
    ["empty", "", "origin_not_allowed"],
    ["with another port", `${APP}:8443`, "origin_not_allowed"],
    ["with another scheme", "http://app.example", "origin_not_allowed"],
    ["with a suffix", `${APP}.evil.example`, "origin_not_allowed"],
    ["with a prefix", "https://evil-app.example", "origin_not_allowed"],
    ["with a slash", `${APP}/`, "origin_not_allowed"],
    ["two of them", `${APP}, ${APP}`, "origin_not_allowed"],
    ["our own, which is on nobody's list", "https://crossgate.example", "origin_not_allowed"],
  ])("%s", (_name, origin, verdict) => {
    expect(verdictOn(origin)).toBe(verdict);
  });
});

describe("what a browser may read", () => {
  it("is for that origin only, and never with its cookies", () => {
    const headers = new Headers();
    allowOrigin(headers, APP);
    expect(headers.get("access-control-allow-origin")).toBe(APP);
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    expect(headers.get("access-control-expose-headers")?.split(", ")).toEqual([
      "www-authenticate",
      "mcp-session-id",
      "mcp-protocol-version",
      "dpop-nonce",
      "retry-after",
      "crossgate-correlation-id",
    ]);
  });

  it("is nothing where there was no origin, and a cache is told that it might have been otherwise", () => {
    const headers = new Headers();
    allowOrigin(headers, null);
    expect([...headers]).toEqual([["vary", "origin"]]);
  });
});

describe("a preflight", () => {
  const allowed = (requested: string | null): readonly string[] => {
    const headers = requested === null ? {} : { "access-control-request-headers": requested };
    const response = respondPreflight(new Request(RESOURCE, { method: "OPTIONS", headers }));
    expect(response.status).toBe(204);
    return (response.headers.get("access-control-allow-headers") ?? "").split(", ");
  };

  it("allows what an MCP client sends", () => {
    const headers = [
      "authorization",
      "content-type",
      "dpop",
      "mcp-session-id",
      "mcp-protocol-version",
      "last-event-id",
    ];
    expect(allowed(null)).toEqual(expect.arrayContaining(headers));
  });

  it("allows the headers of a tool's own arguments by their names, and no others that are asked for", () => {
    const named = allowed("Mcp-Param-Region, x-forwarded-for, mcp-param-a_b, cookie");
    expect(named).toContain("mcp-param-region");
    expect(named.filter((name) => /forwarded|cookie|_|\*/.test(name))).toEqual([]);
  });
});

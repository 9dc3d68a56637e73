import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type worker from "../src/worker.ts";
import { ISSUER, Tenant } from "./support/tenant.ts";

/** Each test starts an isolate of its own: what a Worker builds from its bindings it builds once. */
async function startWorker(): Promise<typeof worker> {
  vi.resetModules();
  return (await import("../src/worker.ts")).default;
}

/** What a Worker hears of a request is what this isolate logs of it. */
function captureLog(): unknown[] {
  const lines: unknown[] = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  return lines;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("routes", () => {
  it.each([
    ["GET", "/health", 200],
    ["GET", "/jwks", 200],
    ["GET", "/.well-known/oauth-authorization-server", 200],
    ["GET", "/.well-known/openid-configuration", 200],
    ["GET", "/authorize", 400],
    ["POST", "/authorize", 400],
    ["GET", "/token", 405],
    ["POST", "/token", 400],
    ["OPTIONS", "/token", 405],
    ["GET", "/", 404],
    ["GET", "/unknown", 404],
    ["POST", "/unknown", 404],
    ["POST", "/jwks", 404],
    ["DELETE", "/health", 404],
    ["GET", "/.well-known/unknown", 404],
    ["GET", "//token", 404],
    ["GET", "/tokens", 404],
    ["GET", "/%74oken", 404],
    ["GET", "/TOKEN", 404],
  ])("%s %s is %i", async (method, path, status) => {
    const response = await exports.default.fetch(`${ISSUER}${path}`, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.each([
    "/health",
    "/jwks",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource/unknown",
  ])("HEAD %s is GET without its body (RFC 9110 §9.3.2)", async (path) => {
    const [got, head] = [
      await exports.default.fetch(`${ISSUER}${path}`),
      await exports.default.fetch(`${ISSUER}${path}`, { method: "HEAD" }),
    ];
    expect([head.status, head.headers.get("content-type"), head.headers.get("cache-control")]).toEqual([
      got.status,
      got.headers.get("content-type"),
      got.headers.get("cache-control"),
    ]);
    expect(await head.text()).toBe("");
    expect(await got.text()).not.toBe("");
  });

  it("HEAD opens no stream at a server behind the gateway", async () => {
    const tenant = await Tenant.settle();
    expect((await exports.default.fetch(tenant.resource, { method: "HEAD" })).status).toBe(405);
  });

  it("that lead nowhere say so, and nothing of where they led", async () => {
    const response = await exports.default.fetch(`${ISSUER}/unknown/<script>?x=secret`);
    expect(await response.text()).toBe('{"error":"not_found"}');
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("lead to a server behind the gateway", async () => {
    const tenant = await Tenant.settle();
    const response = await exports.default.fetch(tenant.resource, { method: "POST" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("/.well-known/oauth-protected-resource/");
  });
});

describe("a deployment that is not configured", () => {
  const cases: readonly (readonly [variable: string, value: string | undefined])[] = [
    ["ISSUER", ""],
    ["ISSUER", "crossgate.example"],
    ["ISSUER", "https://crossgate.example/"],
    ["ISSUER", "https://crossgate.example/path"],
    ["ISSUER", "http://crossgate.example"],
    ["LEDGER_SHARDS", ""],
    ["LEDGER_SHARDS", "0"],
    ["LEDGER_SHARDS", "257"],
    ["LEDGER_SHARDS", "4.5"],
    ["LEDGER_SHARDS", "four"],
    ["LEDGER_SHARDS_BEFORE", "0"],
    ["LEDGER_JURISDICTION", "us"],
    ["LEDGER_LOCATION_HINT", "mars"],
    ["SIGNING_KEYS", "secret-canary"],
    ["SIGNING_KEYS", undefined],
    ["CLIENT_SECRET_PEPPER", "secret-canary"],
    ["CLIENT_SECRET_PEPPER", undefined],
    ["STATE_SECRET", "secret-canary"],
    ["STATE_SECRET", undefined],
  ];

  // To the operator the variable and what to do; to the world nothing; and never what the variable said.
  it.each(cases)("(%s: %j) serves nothing, and tells its operator which variable to set", async (variable, value) => {
    const started = await startWorker();
    const lines = captureLog();
    for (const path of ["/token", "/jwks", "/health", "/unknown"]) {
      const response = await started.fetch(new Request(`${ISSUER}${path}`) as never, { ...env, [variable]: value });
      expect(response.status).toBe(503);
      expect(await response.text()).toBe('{"error":"server_error"}');
    }
    expect(lines).toHaveLength(4);
    expect(lines.at(0)).toMatchObject({ event: "fault", message: expect.stringContaining(variable) as string });
    expect(JSON.stringify(lines)).not.toContain("secret-canary");
  });

  it("and then is, serves", async () => {
    const started = await startWorker();
    captureLog();
    const ask = async (bindings: Env) =>
      (await started.fetch(new Request(`${ISSUER}/health`) as never, bindings)).status;
    expect(await ask({ ...env, LEDGER_SHARDS: "" })).toBe(503);
    expect(await ask(env)).toBe(200);
  });
});

describe("a fault", () => {
  it("is told by its class, for a message may quote what it choked on", async () => {
    const lines = captureLog();
    vi.spyOn(env.TRUST_AND_POLICY, "list").mockImplementation(() => {
      throw new RangeError("secret-canary");
    });
    const response = await exports.default.fetch(`${ISSUER}/.well-known/oauth-protected-resource`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('{"error":"server_error"}');
    expect(lines).toEqual([{ event: "fault", class: "RangeError" }]);
  });

  // §4.6: what anyone may fetch is down with KV, and comes back with it; a client must not take that for a bug of ours.
  it("is none where KV does not answer: that is an outage, and says when to come back", async () => {
    const lines = captureLog();
    vi.spyOn(env.TRUST_AND_POLICY, "get").mockRejectedValue(new Error("secret-canary"));
    for (const path of ["/.well-known/oauth-protected-resource/a", "/.well-known/oauth-authorization-server/a", "/a"]) {
      const response = await exports.default.fetch(`${ISSUER}${path}${crypto.randomUUID()}`);
      expect(response.status, `at ${path}`).toBe(503);
      expect(response.headers.get("retry-after"), `at ${path}`).toMatch(/^\d+$/);
      expect(await response.text()).not.toContain("secret-canary");
    }
    expect(JSON.stringify(lines)).not.toContain("secret-canary");
  });
});

import { reset } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { respondProtectedResourceMetadata } from "../../src/metadata/metadata-routes.ts";
import { makeDpopKey, makeProof } from "../support/dpop.ts";
import { resourceDocument } from "../support/documents.ts";
import { startIsolate } from "../support/services.ts";
import { ISSUER, nowInSeconds, Tenant, TOKEN_ENDPOINT } from "../support/tenant.ts";

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(`${ISSUER}${path}`, init);
}

function pathOf(tenant: Tenant): string {
  return new URL(tenant.resource).pathname;
}

const AUTHORIZATION_SERVER = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
const PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource";

describe("what anyone may read", () => {
  it.each(["/jwks", ...AUTHORIZATION_SERVER])("%s may be kept for minutes, and read from any origin", async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("has the keys as a key set, and nothing private", async () => {
    const response = await get("/jwks");
    expect(response.headers.get("content-type")).toBe("application/jwk-set+json");
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ keys: [{ kid: "test-current" }, { kid: "test-next" }] });
    for (const { d } of (JSON.parse(env.SIGNING_KEYS) as { keys: { d: string }[] }).keys) expect(text).not.toContain(d);
  });
});

describe("authorization server metadata [MCPA-21, D8414-01]", () => {
  it.each(AUTHORIZATION_SERVER)("is at %s", async (path) => {
    expect(await (await get(path)).json()).toMatchObject({ issuer: ISSUER, token_endpoint: TOKEN_ENDPOINT });
  });

  // Clients that take an MCP server's URL for the authorization server's append its path.
  it.each(AUTHORIZATION_SERVER)("is at %s with the path of a server, and of no other [MCPA-20]", async (form) => {
    const tenant = await Tenant.settle();
    expect(await (await get(`${form}${pathOf(tenant)}`)).json()).toMatchObject({ issuer: ISSUER });
    expect((await get(`${form}${pathOf(tenant)}/other`)).status).toBe(404);
    expect((await get(`${form}/nothing`)).status).toBe(404);
  });
});

describe("protected resource metadata", () => {
  // RFC 9728 §3.3: a client must not use a document whose `resource` is not byte for byte the URL it asked about.
  it("names the resource byte for byte", async () => {
    const tenant = await Tenant.settle();
    const response = await get(`${PROTECTED_RESOURCE}${pathOf(tenant)}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(`"resource":${JSON.stringify(tenant.resource)}`);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each(["/", "//", "/x", "%2f", "/../other", "?x=1#y"])("is not at the path with %s", async (suffix) => {
    const tenant = await Tenant.settle();
    const response = await get(`${PROTECTED_RESOURCE}${pathOf(tenant)}${suffix}`);
    const body = await response.text();
    // A query is no part of the path; whatever else is appended names another resource.
    expect(response.status === 200 ? JSON.parse(body) : {}).toMatchObject(
      suffix.startsWith("?") ? { resource: tenant.resource } : {},
    );
    expect(response.status).toBe(suffix.startsWith("?") ? 200 : 404);
  });

  it("is none of a resource that is disabled", async () => {
    const tenant = await Tenant.settle({ resource: { enabled: false } });
    expect((await get(`${PROTECTED_RESOURCE}${pathOf(tenant)}`)).status).toBe(404);
  });

  it("is none of a resource that nobody knows", async () => {
    expect((await get(`${PROTECTED_RESOURCE}/nothing`)).status).toBe(404);
  });

  // An isolate of its own each: which server is the only one is remembered for a while.
  async function atTheRoot(): Promise<readonly [status: number, resource: unknown]> {
    const { services } = startIsolate();
    const request = new Request(`${ISSUER}${PROTECTED_RESOURCE}`);
    const response = await respondProtectedResourceMetadata(request, { ...services, issuer: ISSUER });
    const { resource } = await response.json<{ resource?: unknown }>();
    return [response.status, resource];
  }

  async function publish(identifier: string): Promise<void> {
    const document = JSON.stringify(resourceDocument({ resource: identifier }));
    await env.TRUST_AND_POLICY.put(`resource:${identifier}`, document);
  }

  // MCP clients fall back to it. Of several servers it would name a wrong one.
  it("at the root names the only server there is, and none of several [MCPA-03]", async () => {
    await reset();
    expect(await atTheRoot()).toEqual([404, undefined]);
    await publish(`${ISSUER}/only/mcp`);
    expect(await atTheRoot()).toEqual([200, `${ISSUER}/only/mcp`]);
    await publish("https://elsewhere.example.com/mcp");
    expect(await atTheRoot()).toEqual([200, `${ISSUER}/only/mcp`]);
    await publish(`${ISSUER}/second/mcp`);
    expect(await atTheRoot()).toEqual([404, undefined]);
    await publish(`${ISSUER}/`);
    expect(await atTheRoot()).toEqual([200, `${ISSUER}/`]);
  });
});

describe("the authorization endpoint", () => {
  it("explains itself to a client and to a person", async () => {
    const [toClient, toPerson] = [
      await get("/authorize"),
      await get("/authorize", { headers: { accept: "text/html" } }),
    ];
    expect([toClient.status, toPerson.status]).toEqual([400, 400]);
    expect(await toClient.json()).toMatchObject({ error: "unsupported_response_type" });
    expect(toPerson.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await toPerson.text()).toContain("ID-JAG");
  });

  // No redirect URI is registered: to follow one would make this an open redirector; to print one, a script.
  it("neither redirects nor repeats what it was asked [CVE-2025-4143, CVE-2025-62800]", async () => {
    const redirect = "https://evil.example/<script>alert(1)</script>";
    const query = new URLSearchParams({
      response_type: "code",
      client_id: "x",
      redirect_uri: redirect,
      state: redirect,
    });
    for (const accept of ["text/html", "application/json"]) {
      const response = await get(`/authorize?${query.toString()}`, { headers: { accept }, redirect: "manual" });
      expect(response.status).toBe(400);
      expect(response.headers.get("location")).toBeNull();
      expect(await response.text()).not.toContain("evil.example");
    }
  });
});

/** D14, ID-JAG §9.4: the issuers that are trusted here are nobody's business; an attacker would know whom to attack. */
describe("no public answer", () => {
  it("names a trusted issuer, an organization, a client or an upstream [JAG-M-04]", async () => {
    const tenant = await Tenant.settle({
      resource: { name: "Files", upstream: "https://upstream-canary.example.net/mcp" },
    });
    await tenant.redeem();
    const paths = [
      "/",
      "/jwks",
      "/health",
      "/authorize",
      "/token",
      PROTECTED_RESOURCE,
      `${PROTECTED_RESOURCE}${pathOf(tenant)}`,
      ...AUTHORIZATION_SERVER.flatMap((form) => [form, `${form}${pathOf(tenant)}`]),
      pathOf(tenant),
      "/unknown",
      `/idp:${tenant.idp.issuer}`,
      `${PROTECTED_RESOURCE}/idp:${encodeURIComponent(tenant.idp.issuer)}`,
    ];
    const dpop = await makeProof(await makeDpopKey(), nowInSeconds(), { claims: { htu: TOKEN_ENDPOINT } });
    const inits: readonly RequestInit[] = [
      {},
      { method: "POST" },
      { method: "OPTIONS", headers: { origin: "https://browser.example", "access-control-request-method": "POST" } },
      { headers: { accept: "text/html" } },
      { headers: { authorization: "Bearer x", dpop } },
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
      },
    ];
    const secrets = [
      tenant.idp.issuer,
      new URL(tenant.idp.issuer).hostname,
      tenant.organization,
      tenant.clientId,
      "upstream-canary",
      tenant.idp.key.kid,
    ];
    for (const path of paths) {
      for (const init of inits) {
        const response = await get(path, { ...init, redirect: "manual" });
        const said = JSON.stringify([...response.headers]) + (await response.text());
        expect(
          secrets.filter((secret) => said.includes(secret)),
          `${init.method ?? "GET"} ${path}`,
        ).toEqual([]);
        expect(response.status, `at ${path}`).toBeLessThan(500);
      }
    }
  });
});

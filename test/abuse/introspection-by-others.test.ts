import { exports } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { handleIntrospectionRequest } from "../../src/token-endpoint/introspection-endpoint.ts";
import {
  introspect,
  mint,
  type ResourceServer,
  settleResourceServer,
  SIGNED,
  tokenOf,
} from "../support/introspection.ts";
import { registry } from "../support/revocations.ts";
import { startIsolate } from "../support/services.ts";
import { ISSUER, nowInSeconds, Tenant } from "../support/tenant.ts";
import { makeTestKey, signText } from "../support/test-idp.ts";

/**
 * RFC 7662 §4: an endpoint that answers anybody is an oracle for stolen and guessed tokens, and a resource server that is
 * told of its neighbours' tokens can use them. So there is one answer for all that is not the caller's business.
 */
async function settle(changes: object = {}): Promise<{ server: ResourceServer; tenant: Tenant }> {
  const server = await settleResourceServer();
  const tenant = await Tenant.settle({ resource: { introspection: { clients: [server.clientId] }, ...changes } });
  return { server, tenant };
}

async function answerTo(by: ResourceServer, token: string): Promise<unknown> {
  const [plain, signed] = [await introspect(by, token), await introspect(by, token, { accept: SIGNED })];
  expect([plain.status, signed.status]).toEqual([200, 200]);
  const told: unknown = await plain.json();
  expect(decodeJwt(await signed.text())).toMatchObject({ aud: by.clientId, token_introspection: told });
  return told;
}

afterEach(() => void vi.restoreAllMocks());

// The first of them also waits for the Worker to start.
describe("a token that is not for the one who asks, or not good", { timeout: 30_000 }, () => {
  const now = nowInSeconds();
  it.each<[string, (known: { server: ResourceServer; tenant: Tenant }) => Promise<string>]>([
    ["for a neighbour's resource", async () => tokenOf((await settle()).tenant)],
    ["for a resource that lets nobody ask", async () => tokenOf(await Tenant.settle())],
    ["for a resource that is gone", async ({ tenant }) => mint(tenant, { aud: `${ISSUER}/gone` })],
    ["for two resources", async ({ tenant }) => mint(tenant, { aud: [tenant.resource] })],
    ["expired", async ({ tenant }) => mint(tenant, { iat: now - 600, exp: now - 1 })],
    ["of another issuer", async ({ tenant }) => mint(tenant, { iss: "https://other.example" })],
    ["another kind of ours", async ({ tenant }) => mint(tenant, {}, "token-introspection+jwt")],
    ["an ID-JAG", async ({ tenant }) => tenant.assertion()],
    ["nonsense", async () => "x"],
    ["too long", async () => "x".repeat(20_000)],
    [
      "forged",
      async ({ tenant }) => {
        const { header, payload } = parts(await mint(tenant));
        return signText(header, payload, await makeTestKey("ES256", "test-current"));
      },
    ],
  ])("%s: inactive, and not a word more [CVE-2026-37979] [IN-01, IN-02]", async (_name, make) => {
    const known = await settle();
    expect(await answerTo(known.server, await make(known))).toEqual({ active: false });
  });

  it("for a resource that is switched off", async () => {
    const { server, tenant } = await settle({ enabled: false });
    expect(await answerTo(server, await mint(tenant))).toEqual({ active: false });
  });

  it("of whoever redeemed it: an agent is told nothing of its own token either", async () => {
    const { tenant } = await settle();
    const agent = { clientId: tenant.clientId, basic: tenant.basic };
    expect(await answerTo(agent, await tokenOf(tenant))).toEqual({ active: false });
  });

  it("is answered alike, however much of it is known", async () => {
    const { server, tenant } = await settle();
    const texts = [await tokenOf((await settle()).tenant), await mint(tenant, { exp: now - 1 }), "x"].map(
      async (token) => {
        const answered = await introspect(server, token);
        const names = [...answered.headers.keys()].toSorted();
        return JSON.stringify([answered.status, names, await answered.text()]);
      },
    );
    expect(new Set(await Promise.all(texts)).size).toBe(1);
  });
});

describe("whoever asks", () => {
  it.each<[string, (known: { server: ResourceServer; tenant: Tenant }) => RequestInit]>([
    ["nobody", () => ({ headers: {} })],
    ["with a wrong secret", ({ server }) => ({ headers: { authorization: `Basic ${btoa(`${server.clientId}:x`)}` } })],
    ["with the token itself", () => ({ headers: { authorization: "Bearer x" } })],
  ])("%s is told that he is nobody [IN-01]", async (_name, change) => {
    const known = await settle();
    const body = new URLSearchParams({ token: await tokenOf(known.tenant) });
    const answered = await exports.default.fetch(
      new Request(`${ISSUER}/introspect`, { method: "POST", body, ...change(known) }),
    );
    expect(answered.status).toBe(401);
    expect(await answered.text()).not.toContain("active");
  });

  it("by GET, where the token would be in a log, is refused", async () => {
    expect((await exports.default.fetch(new Request(`${ISSUER}/introspect?token=x`))).status).toBe(405);
  });

  it("of a client record that has been switched off is nobody", async () => {
    const server = await settleResourceServer({ enabled: false });
    expect((await introspect(server, "x")).status).toBe(401);
  });
});

describe("when it cannot be known", () => {
  const ask = async (
    isolate: ReturnType<typeof startIsolate>,
    token: string,
    by: ResourceServer,
    accept = "",
  ): Promise<Response> => {
    const body = new URLSearchParams({ token });
    const request = new Request(`${ISSUER}/introspect`, {
      method: "POST",
      body,
      headers: { authorization: by.basic, accept },
    });
    return handleIntrospectionRequest(request, isolate.services.introspection);
  };

  it("whether a token has been revoked, it is neither active nor inactive: 503", async () => {
    const { server, tenant } = await settle();
    const unreachable = { getByName: () => ({ since: () => Promise.reject(new Error("down")) }) };
    const answered = await ask(startIsolate({ REVOCATION_REGISTRY: unreachable }), await mint(tenant), server);
    expect([answered.status, answered.headers.has("retry-after")]).toEqual([503, true]);
    expect(await answered.text()).not.toContain("active");
  });

  it("because the key that would sign the answer got out, nothing is signed", async () => {
    const { server, tenant } = await settle();
    const token = await mint(tenant);
    const { services } = startIsolate();
    const signer = await services.keys.signer();
    const kid = `leaked-${crypto.randomUUID()}`;
    vi.spyOn(services.keys, "signer").mockResolvedValue({ ...signer, kid });
    await registry().order([`signing_key:${kid}`], "block");
    const isolate = { services } as ReturnType<typeof startIsolate>;
    expect((await ask(isolate, token, server, SIGNED)).status).toBe(503);
    expect((await ask(isolate, token, server)).status).toBe(200);
  });
});

function parts(token: string): { header: string; payload: string } {
  const [header = "", payload = ""] = token.split(".");
  const decode = (part: string): string => atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return { header: decode(header), payload: decode(payload) };
}

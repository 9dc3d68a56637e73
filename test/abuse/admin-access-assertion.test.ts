import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handleAdminRequest } from "../../src/admin/admin-endpoint.ts";
import { putAdmin } from "../support/admin.ts";
import type { Members } from "../support/documents.ts";
import { type Isolate, startIsolate } from "../support/services.ts";
import { ISSUER, nowInSeconds } from "../support/tenant.ts";
import { makeTestKey, signText, type TestKey } from "../support/test-idp.ts";

/** K02 to K04: the JWT of Cloudflare Access. Keys come over a spy on `fetch`, as there is no network here. */
const AUDIENCE = "a".repeat(64);

let team: string;
let key: TestKey;
let isolate: Isolate;
let email: string;

beforeEach(async () => {
  team = `https://team-${crypto.randomUUID()}.cloudflareaccess.com`;
  email = `ada-${crypto.randomUUID()}@acme.example`;
  key = await makeTestKey("RS256", "access-key");
  isolate = startIsolate({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: AUDIENCE });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    if (input !== `${team}/cdn-cgi/access/certs`) throw new TypeError("nothing else is asked");
    return Response.json({ keys: [key.publicJwk] });
  });
  await putAdmin({ name: email, role: "operator" });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function claimsOf(overrides: Members = {}): Members {
  const now = nowInSeconds();
  return {
    type: "app",
    iss: team,
    aud: [AUDIENCE],
    email,
    sub: "x",
    iat: now,
    nbf: now,
    exp: now + 3600,
    ...overrides,
  };
}

async function ask(assertion: string | null, headers: Members = {}): Promise<Response> {
  const all = { ...(assertion === null ? {} : { "cf-access-jwt-assertion": assertion }), ...headers };
  const request = new Request(`${ISSUER}/admin/v1/openapi.json`, { headers: all as Record<string, string> });
  const response = await handleAdminRequest(request, isolate.services.admin);
  await isolate.settled();
  return response;
}

interface Changes {
  readonly claims?: Members;
  readonly header?: Members;
  readonly by?: TestKey;
}

function sign({ claims = {}, header = {}, by = key }: Changes = {}): Promise<string> {
  return signText(
    JSON.stringify({ alg: by.alg, kid: by.kid, typ: "JWT", ...header }),
    JSON.stringify(claimsOf(claims)),
    by,
  );
}

describe("an assertion of Cloudflare Access", () => {
  it("is whom it names, whatever capitals the provider has", async () => {
    expect((await ask(await sign())).status).toBe(200);
    expect((await ask(await sign({ claims: { email: email.toUpperCase() } }))).status).toBe(200);
  });

  it("is a service token where a document names it as one", async () => {
    const name = `${crypto.randomUUID()}.access`;
    await putAdmin({ name, role: "viewer", authentication: { kind: "access_service_token" } });
    const claims = { email: undefined, sub: "", common_name: name, nbf: undefined };
    expect((await ask(await sign({ claims }))).status).toBe(200);
  });

  const spoiled: readonly (readonly [string, () => Promise<Changes>])[] = [
    ["of another application", async () => ({ claims: { aud: ["b".repeat(64)] } })],
    ["of no application", async () => ({ claims: { aud: undefined } })],
    ["of another team", async () => ({ claims: { iss: "https://evil.cloudflareaccess.com" } })],
    ["of the sign-in page", async () => ({ claims: { type: "org" } })],
    ["that is over", async () => ({ claims: { exp: nowInSeconds() } })],
    ["without an end", async () => ({ claims: { exp: undefined } })],
    ["that is yet to begin", async () => ({ claims: { nbf: nowInSeconds() + 600 } })],
    ["of a person whom no document names", async () => ({ claims: { email: "eve@acme.example" } })],
    ["of nobody", async () => ({ claims: { email: undefined } })],
    ["of a person and a service token at once", async () => ({ claims: { common_name: "x.access" } })],
    ["of a person, as a service token", async () => ({ claims: { email: undefined, common_name: email } })],
    ["with a letter that folds into ASCII", async () => ({ claims: { email: email.replace("a", "\u212a") } })],
    ["with no algorithm", async () => ({ header: { alg: "none" } })],
    ["with a symmetric algorithm", async () => ({ header: { alg: "HS256" } })],
    ["by another RSA key", async () => ({ by: await makeTestKey("RS256", "other"), header: { kid: key.kid } })],
    ["by an elliptic key", async () => ({ by: await makeTestKey("ES256", key.kid) })],
    ["with a key in its header", async () => ({ header: { jwk: key.publicJwk } })],
    ["with a key URL in its header", async () => ({ header: { jku: "https://evil.example/jwks" } })],
  ];

  it.each(spoiled)("%s proves nothing", async (_what, changes) => {
    expect((await ask(await sign(await changes()))).status).toBe(401);
  });

  it("without a signature, or in halves, proves nothing", async () => {
    const [head, body] = (await sign()).split(".");
    for (const text of [`${head}.${body}.`, `${head}.${body}`, "", "x", `${await sign()} ${await sign()}`]) {
      expect((await ask(text)).status).toBe(401);
    }
  });

  it("is nothing to an administrator who has a key, should somebody get himself an address like his name", async () => {
    const name = `key-${crypto.randomUUID()}@acme.example`;
    const keys = [(await makeTestKey("ES256", "admin-key")).publicJwk];
    await putAdmin({ name, role: "operator", authentication: { kind: "key", key_set: { keys } } });
    expect((await ask(await sign({ claims: { email: name } }))).status).toBe(401);
  });

  it("is nothing to whoever names a person in a header beside it, or in a cookie", async () => {
    expect((await ask(null, { "cf-access-authenticated-user-email": email })).status).toBe(401);
    expect((await ask(null, { cookie: `CF_Authorization=${await sign()}` })).status).toBe(401);
  });

  it("is nothing where no Access is configured", async () => {
    isolate = startIsolate();
    expect((await ask(await sign())).status).toBe(401);
  });

  it("cannot be judged while its keys cannot be had: that is an outage", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("unreachable"));
    expect((await ask(await sign())).status).toBe(503);
  });

  it("led here by a page is refused", async () => {
    expect((await ask(await sign(), { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });
});

import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { type Isolate, startIsolate } from "../support/services.ts";
import { CLIENT_ASSERTION_TYPE, Tenant, type TokenAnswer } from "../support/tenant.ts";
import { clientDocument, type Members } from "../support/documents.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

/**
 * A client identifier that is a URL makes us fetch what a stranger names, before anybody is authenticated (draft §8.6;
 * E01 to E09). What leaves the machine ends at a spy on `fetch`, and so is counted; a deployment of https is under test.
 */
let tenant: Tenant;
let stranger: TestKey;

beforeAll(async () => {
  [tenant, stranger] = await Promise.all([Tenant.settle(), makeTestKey("ES256", "client-key")]);
});

afterEach(() => void vi.restoreAllMocks());

const AUTHENTICATION = { methods: ["private_key_jwt"], metadata_document: true };

function originOf(name: string = crypto.randomUUID()): string {
  return `https://${name}.example.net`;
}

function register(clientId: string, overrides: Members = {}): Promise<void> {
  const resources = [tenant.resource];
  return env.TRUST_AND_POLICY.put(
    `client:${clientId}`,
    JSON.stringify(clientDocument({ client_id: clientId, authentication: AUTHENTICATION, resources, ...overrides })),
  );
}

type Serve = (url: string) => Response | Promise<Response>;

function serve(answer: Serve) {
  return vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => answer(new Request(input).url));
}

function metadata(clientId: string, overrides: Members = {}): Members {
  return {
    client_id: clientId,
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [tenant.clientKey.publicJwk] },
    ...overrides,
  };
}

const good: Serve = (url) => Response.json(metadata(url));

interface Ask {
  readonly isolate?: Isolate;
  readonly key?: TestKey;
}

async function ask(
  clientId: string,
  { isolate = startIsolate(), key = tenant.clientKey }: Ask = {},
): Promise<TokenAnswer> {
  const client_assertion = await tenant.clientAssertion({ iss: clientId, sub: clientId }, { key });
  const assertion = await tenant.assertion({ client_id: clientId });
  const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion, assertion };
  return isolate.redeem(await tenant.request({ form, headers: { authorization: undefined } }));
}

function outcomeOf({ status, body }: TokenAnswer): string {
  return `${status} ${String(body["error"] ?? "granted")}`;
}

async function permit(clients: readonly string[]): Promise<void> {
  const rule = { id: "metadata-clients", effect: "permit", clients, resources: [tenant.resource], scopes: "any" };
  await tenant.put("policy", tenant.organization, { organization: tenant.organization, rules: [rule] });
}

describe("a client that is known by its document", () => {
  it("is granted what its record allows, under its own name", async () => {
    const clientId = `${originOf()}/client.json`;
    await Promise.all([register(clientId), permit([clientId])]);
    serve(good);
    expect(outcomeOf(await ask(clientId))).toBe("200 granted");
    expect(await recordedEvents(clientId)).toMatchObject([{ decision: "granted", client_id: clientId }]);
  });

  it("may be admitted by a pattern, and permitted by a family", async () => {
    const origin = originOf();
    await Promise.all([register(`${origin}/agents/*`), permit([`${origin}/agents/*`])]);
    serve(good);
    expect(outcomeOf(await ask(`${origin}/agents/red/client.json`))).toBe("200 granted");
    expect(await recordedEvents(`${origin}/agents/red/client.json`)).toHaveLength(1);
  });

  it("is not admitted by what its document says of itself", async () => {
    const clientId = `${originOf()}/client.json`;
    await Promise.all([register(clientId, { scopes: ["files:read"], resources: [] }), permit([clientId])]);
    serve((url) => Response.json(metadata(url, { scope: "files:read files:write", resources: [tenant.resource] })));
    expect(outcomeOf(await ask(clientId))).toBe("400 invalid_target");
  });

  it("redeems no assertion that was issued to its neighbour", async () => {
    const origin = originOf();
    await Promise.all([register(`${origin}/*`), permit([`${origin}/*`])]);
    serve(good);
    const client_assertion = await tenant.clientAssertion({ iss: `${origin}/a.json`, sub: `${origin}/a.json` });
    const assertion = await tenant.assertion({ client_id: `${origin}/b.json` });
    const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion, assertion };
    const answer = await startIsolate().redeem(await tenant.request({ form, headers: { authorization: undefined } }));
    expect(outcomeOf(answer)).toBe("400 invalid_grant");
  });

  it("is refused when it does not hold the key that is published", async () => {
    const clientId = `${originOf()}/client.json`;
    await register(clientId);
    serve(good);
    expect(outcomeOf(await ask(clientId, { key: stranger }))).toBe("401 invalid_client");
  });

  it("is refused while its record is disabled, and then nothing is fetched", async () => {
    const origin = originOf();
    await Promise.all([register(`${origin}/*`), register(`${origin}/client.json`, { enabled: false })]);
    const fetches = serve(good);
    expect(outcomeOf(await ask(`${origin}/client.json`))).toBe("401 invalid_client");
    expect(fetches).not.toHaveBeenCalled();
  });
});

describe("a URL that no record admits", () => {
  it.each([
    "https://attacker.example/client.json",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/client.json",
    "https://2130706433/client.json",
    "http://127.0.0.1:8787/client.json",
    "https://localhost/client.json",
    "https://metadata.internal/client.json",
    "file:///etc/passwd",
  ])("is never fetched: %s [MCPA-25]", async (clientId) => {
    const fetches = serve(good);
    expect(outcomeOf(await ask(clientId))).toBe("401 invalid_client");
    expect(fetches).not.toHaveBeenCalled();
  });

  it.each<[string, (origin: string) => string]>([
    ["a slash more", (origin) => `${origin}/client.json/`],
    ["a path that goes on", (origin) => `${origin}/client.json/x`],
    ["a query", (origin) => `${origin}/client.json?x`],
    ["a fragment", (origin) => `${origin}/client.json#x`],
    ["a user", (origin) => origin.replace("https://", "https://user@")],
    ["the usual port", (origin) => `${origin}:443/client.json`],
    ["a dot segment", (origin) => `${origin}/x/../client.json`],
    ["an encoded letter", (origin) => `${origin}/clien%74.json`],
    ["upper case", (origin) => `${origin}/CLIENT.json`],
    ["plain http", (origin) => `${origin.replace("https", "http")}/client.json`],
  ])("is one that differs from a record's by %s [CIMD-02, JAG-R-52]", async (_name, spell) => {
    const origin = originOf();
    await register(`${origin}/client.json`);
    const fetches = serve(good);
    expect(outcomeOf(await ask(spell(origin)))).toBe("401 invalid_client");
    expect(fetches).not.toHaveBeenCalled();
  });

  // What is served from elsewhere under the same host must not pass for what lies below the pattern.
  it.each([
    "agents/..%2fevil.json",
    "agents/%2e%2e/evil.json",
    "agents/..;/evil.json",
    "agents//evil.json",
    "agents\\..\\evil.json",
    "agents/*",
    "agents",
    "agentsevil/x.json",
  ])("is one that only looks as if a pattern covered it: %s", async (path) => {
    const origin = originOf();
    await register(`${origin}/agents/*`);
    const fetches = serve(good);
    expect(outcomeOf(await ask(`${origin}/${path}`))).toBe("401 invalid_client");
    expect(fetches).not.toHaveBeenCalled();
  });

  it("is a loopback address, for a deployment, whatever its record says [CIMD-10]", async () => {
    const clientId = "http://127.0.0.1:4999/client.json";
    await register(clientId);
    const fetches = serve(good);
    const deployed = startIsolate({ ISSUER: "https://crossgate.example" });
    const answer = await ask(clientId, { isolate: deployed });
    expect(answer.status).toBe(503);
    expect(fetches).not.toHaveBeenCalled();
    expect(deployed.logged).toContainEqual(expect.objectContaining({ event: "document_invalid", path: "client_id" }));
  });
});

describe("a document", () => {
  const SPOILT: readonly (readonly [string, Serve])[] = [
    ["is behind a redirect to an internal address", () => Response.redirect("http://169.254.169.254/", 302)],
    ["is behind a redirect to a good one", () => Response.redirect("https://elsewhere.example/client.json", 307)],
    ["is a byte too large", (url) => Response.json(metadata(url, { x: "x".repeat(LIMITS.clientMetadataBytes) }))],
    ["is a page", (url) => new Response(JSON.stringify(metadata(url)), { headers: { "content-type": "text/html" } })],
    ["is not found", () => new Response(null, { status: 404 })],
    ["is another client's", (url) => Response.json(metadata(`${url}/`))],
    ["has a shared secret", (url) => Response.json(metadata(url, { client_secret: "x" }))],
    [
      "authenticates by a secret",
      (url) => Response.json(metadata(url, { token_endpoint_auth_method: "client_secret_post" })),
    ],
    ["authenticates by nothing", (url) => Response.json(metadata(url, { token_endpoint_auth_method: "none" }))],
    [
      "names keys at another host",
      (url) => Response.json(metadata(url, { jwks: undefined, jwks_uri: "https://elsewhere.example/jwks" })),
    ],
    [
      "names keys inside",
      (url) => Response.json(metadata(url, { jwks: undefined, jwks_uri: "https://10.0.0.1/jwks" })),
    ],
    [
      "publishes a private key",
      (url) => Response.json(metadata(url, { jwks: { keys: [{ ...tenant.clientKey.publicJwk, d: "AAAA" }] } })),
    ],
  ];

  it.each(SPOILT)("that %s is a refusal, after one fetch of that URL alone", async (_name, answer) => {
    const clientId = `${originOf()}/client.json`;
    await register(clientId);
    const fetches = serve(answer);
    const { status, text, body } = await ask(clientId);
    expect({ status, error: body["error"] }).toEqual({ status: 401, error: "invalid_client" });
    expect(text).not.toContain("example.net");
    expect(fetches.mock.calls.map(([url]) => url)).toEqual([clientId]);
  });

  it.each<[string, Serve]>([
    ["cannot be had", () => Promise.reject(new Error("connection refused"))],
    ["is behind an error", () => new Response(null, { status: 502 })],
  ])("that %s is an outage, never a refusal", async (_name, answer) => {
    const clientId = `${originOf()}/client.json`;
    await register(clientId);
    serve(answer);
    const { status, headers, body } = await ask(clientId);
    expect({ status, error: body["error"] }).toEqual({ status: 503, error: "temporarily_unavailable" });
    expect(headers.get("retry-after")).toBe(String(LIMITS.retryAfterSeconds));
  });

  it("that was spoilt serves as soon as it is mended: nothing bad is kept [CIMD-09]", async () => {
    const clientId = `${originOf()}/client.json`;
    await Promise.all([register(clientId), permit([clientId])]);
    const isolate = startIsolate();
    const fetches = serve(() => new Response(null, { status: 404 }));
    expect(outcomeOf(await ask(clientId, { isolate }))).toBe("401 invalid_client");
    fetches.mockImplementation(async () => good(clientId));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + LIMITS.keySetBackoffMinimumSeconds * 1000);
    expect(outcomeOf(await ask(clientId, { isolate }))).toBe("200 granted");
  });

  it("with other keys ends the use of those it had", async () => {
    const clientId = `${originOf()}/client.json`;
    await Promise.all([register(clientId), permit([clientId])]);
    const isolate = startIsolate();
    const fetches = serve(good);
    expect(outcomeOf(await ask(clientId, { isolate }))).toBe("200 granted");
    fetches.mockImplementation(async () => Response.json(metadata(clientId, { jwks: { keys: [stranger.publicJwk] } })));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + LIMITS.clientMetadataFreshSeconds * 1000);
    expect(outcomeOf(await ask(clientId, { isolate }))).toBe("401 invalid_client");
    expect(outcomeOf(await ask(clientId, { isolate, key: stranger }))).toBe("200 granted");
  });
});

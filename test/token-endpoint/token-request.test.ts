import { describe, expect, it, vi } from "vitest";
import { chooseKey } from "../../src/jwt/verify.ts";
import { ClientSecrets } from "../../src/token-endpoint/client-authentication/client-secret.ts";
import { tokenRequest, type TokenRequestDependencies } from "../../src/token-endpoint/token-request.ts";
import { CLIENT, CROSSGATE, type Members } from "../support/documents.ts";
import { makeClient, NOW } from "../support/redemption.ts";
import { makeTestKey, signText } from "../support/test-idp.ts";
import { digestSecret, JWT_BEARER, JWT_DPOP } from "../support/tenant.ts";

const PEPPER = "pepper-of-this-test";
const SECRET = "the secret";
const digest = await digestSecret(SECRET, PEPPER);

function dependencies(
  client: Members = {},
  overrides: Partial<TokenRequestDependencies> = {},
): TokenRequestDependencies {
  const authentication = { methods: ["client_secret_basic"], secret_digests: [digest] };
  return {
    issuer: CROSSGATE,
    secrets: new ClientSecrets(PEPPER),
    findClient: async () => ({ document: makeClient({ authentication, ...client }), revision: "revision-1" }),
    findClientKey: async () => "no_key",
    consumeClientAssertion: async () => "consumed",
    isNetworkWithinRate: async () => true,
    isClientWithinRate: async () => true,
    ...overrides,
  };
}

interface Changes {
  readonly form?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

function makeRequest({ form = {}, headers = {}, method = "POST" }: Changes = {}): Request {
  const all = { grant_type: JWT_BEARER, assertion: "a.b.c", ...form };
  const parameters = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new Request(`${CROSSGATE}/token`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${CLIENT}:${encodeURIComponent(SECRET)}`)}`,
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
    ...(method === "POST" || method === "PUT" ? { body: new URLSearchParams(parameters).toString() } : {}),
  });
}

async function read(changes: Changes = {}, uses: TokenRequestDependencies = dependencies()) {
  const received = { request: makeRequest(changes), readClockSeconds: () => NOW, attemptId: "attempt-1" };
  return tokenRequest.run(received, uses);
}

async function verdictOf(changes: Changes, uses?: TokenRequestDependencies): Promise<string> {
  const outcome = await read(changes, uses);
  return outcome.completed ? "accepted" : `${outcome.refusedAt}: ${outcome.reason}`;
}

describe("a request", () => {
  it("is what the client presents, and nothing is believed of it [JAG-L-01]", async () => {
    const outcome = await read({
      form: { scope: "files:read", resource: "https://crossgate.example/mcp", authorization_details: "[]", extra: "x" },
      headers: { dpop: "proof" },
    });
    expect(outcome.completed && outcome.known.presented).toEqual({
      nowSeconds: NOW,
      attemptId: "attempt-1",
      client: expect.objectContaining({ client_id: CLIENT }) as object,
      clientRevision: "revision-1",
      grantType: JWT_BEARER,
      assertion: "a.b.c",
      requestedScope: "files:read",
      requestedResource: "https://crossgate.example/mcp",
      requestedAuthorizationDetails: "[]",
      dpopProof: "proof",
    });
  });

  it("that names neither scope nor resource says so", async () => {
    const outcome = await read();
    expect(outcome.completed && outcome.known.presented).toMatchObject({
      requestedScope: null,
      requestedResource: null,
      requestedAuthorizationDetails: null,
      dpopProof: null,
    });
  });

  it.each(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])("is a POST and no %s", async (method) => {
    expect(await verdictOf({ method })).toBe("method: method_not_post");
  });

  // F09: what a proxy or a framework may take for another method.
  it("is what its method says, whatever a header says", async () => {
    expect(await verdictOf({ method: "GET", headers: { "x-http-method-override": "POST" } })).toBe(
      "method: method_not_post",
    );
    expect(await verdictOf({ headers: { "x-http-method-override": "GET" } })).toBe("accepted");
  });

  it.each<[string, Changes, Members, string]>([
    ["without grant_type", { form: { grant_type: undefined } }, {}, "grant_type_missing"],
    ["of an empty grant_type", { form: { grant_type: "" } }, {}, "grant_type_missing"],
    ["for another grant", { form: { grant_type: "authorization_code" } }, {}, "grant_type_unsupported"],
    ["for a refresh token", { form: { grant_type: "refresh_token" } }, {}, "grant_type_unsupported"],
    ["for a grant in upper case", { form: { grant_type: JWT_BEARER.toUpperCase() } }, {}, "grant_type_unsupported"],
    ["for a grant with a space", { form: { grant_type: `${JWT_BEARER} ` } }, {}, "grant_type_unsupported"],
    ["for a grant that the client may not use", {}, { grant_types: [JWT_DPOP] }, "grant_type_not_allowed"],
    [
      "for the bound grant that the client may not use",
      { form: { grant_type: JWT_DPOP } },
      { grant_types: [JWT_BEARER] },
      "grant_type_not_allowed",
    ],
    ["without assertion", { form: { assertion: undefined } }, {}, "assertion_missing"],
    ["of an empty assertion", { form: { assertion: "" } }, {}, "assertion_missing"],
  ])("%s is refused [JAG-R-10]", async (_name, changes, client, reason) => {
    expect(await verdictOf(changes, dependencies(client))).toBe(`grant: ${reason}`);
  });
});

describe("the order", () => {
  const everyFlaw: Changes = {
    method: "PUT",
    headers: { "content-type": "text/plain", authorization: "nonsense" },
    form: { grant_type: "x", assertion: undefined },
  };
  const limits = { isNetworkWithinRate: async () => false, isClientWithinRate: async () => false };

  // Cheap first, and nothing about grants before the client is known: each step here mends the flaw that was named.
  it("names the cheapest flaw first, and no flaw of the grant to a stranger", async () => {
    const post: Changes = { ...everyFlaw, method: "POST" };
    const form: Changes = { ...post, headers: { authorization: "nonsense" } };
    const known: Changes = { form: everyFlaw.form ?? {} };
    expect(await verdictOf(everyFlaw, dependencies({}, limits))).toBe("method: method_not_post");
    expect(await verdictOf(post, dependencies({}, limits))).toBe("network_rate: network_rate_limited");
    const within = dependencies({}, { ...limits, isNetworkWithinRate: async () => true });
    expect(await verdictOf(post, within)).toBe("form: media_type_not_form");
    expect(await verdictOf(form, within)).toBe("client_authentication: client_credentials_malformed");
    expect(await verdictOf(known, within)).toBe("client_rate: client_rate_limited");
    expect(await verdictOf(known)).toBe("grant: grant_type_unsupported");
  });

  it("reads no body of a network that is beyond its rate", async () => {
    const request = makeRequest();
    const uses = dependencies({}, limits);
    await tokenRequest.run({ request, readClockSeconds: () => NOW, attemptId: "attempt-1" }, uses);
    expect(request.bodyUsed).toBe(false);
  });

  it("counts a client's rate by the client that was authenticated", async () => {
    const isClientWithinRate = vi.fn(async () => true);
    await read({}, dependencies({}, { isClientWithinRate }));
    expect(isClientWithinRate).toHaveBeenCalledExactlyOnceWith(CLIENT);
    await read(
      { headers: { authorization: `Basic ${btoa(`${CLIENT}:wrong`)}` } },
      dependencies({}, { isClientWithinRate }),
    );
    expect(isClientWithinRate).toHaveBeenCalledTimes(1);
  });
});

describe("a client assertion", () => {
  const key = makeTestKey("ES256");

  async function withAssertion(overrides: Partial<TokenRequestDependencies>, jti: string = crypto.randomUUID()) {
    const { publicJwk, ...signer } = await key;
    const claims = { iss: CLIENT, sub: CLIENT, aud: CROSSGATE, jti, iat: NOW, exp: NOW + 60 };
    const header = JSON.stringify({ alg: signer.alg, kid: signer.kid });
    const assertion = await signText(header, JSON.stringify(claims), await key);
    const request = new Request(`${CROSSGATE}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: JWT_BEARER,
        assertion: "a.b.c",
        client_assertion: assertion,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      }),
    });
    const authentication = { methods: ["private_key_jwt"], key_set: { keys: [publicJwk] } };
    const uses = dependencies(
      { authentication },
      {
        findClientKey: async ({ authentication: { key_set } }, wanted) =>
          key_set?.kind === "inline" ? chooseKey(key_set, wanted) : "no_key",
        ...overrides,
      },
    );
    const outcome = await tokenRequest.run({ request, readClockSeconds: () => NOW, attemptId: "attempt-1" }, uses);
    return outcome.completed ? "accepted" : `${outcome.refusedAt}: ${outcome.reason}`;
  }

  // F05: one assertion, one request.
  it("serves once, in the client's own name", async () => {
    const consumeClientAssertion = vi.fn<TokenRequestDependencies["consumeClientAssertion"]>(async () => "consumed");
    expect(await withAssertion({ consumeClientAssertion }, "jti-1")).toBe("accepted");
    expect(consumeClientAssertion).toHaveBeenCalledExactlyOnceWith(CLIENT, expect.objectContaining({ jti: "jti-1" }));
    consumeClientAssertion.mockResolvedValue("replayed");
    expect(await withAssertion({ consumeClientAssertion })).toBe("client_assertion_unused: client_assertion_replayed");
  });

  // C05 for client assertions, and a flood: neither a forged one nor one beyond the rate costs a write.
  it.each<[string, Partial<TokenRequestDependencies>, string]>([
    ["is forged", { findClientKey: async () => "no_key" }, "client_authentication: client_assertion_signature"],
    ["comes beyond the rate", { isClientWithinRate: async () => false }, "client_rate: client_rate_limited"],
  ])("that %s is not consumed", async (_what, overrides, verdict) => {
    const consumeClientAssertion = vi.fn<TokenRequestDependencies["consumeClientAssertion"]>(async () => "consumed");
    expect(await withAssertion({ consumeClientAssertion, ...overrides })).toBe(verdict);
    expect(consumeClientAssertion).not.toHaveBeenCalled();
  });
});

describe("the clock", () => {
  it("is read when the body is there, so that one held open carries no old time into the checks", async () => {
    let seconds = NOW;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          seconds = NOW + 600;
          controller.enqueue(new TextEncoder().encode(`grant_type=${encodeURIComponent(JWT_BEARER)}&assertion=a.b.c`));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const request = new Request(makeRequest(), { method: "POST", body });
    const uses = dependencies();
    const outcome = await tokenRequest.run({ request, readClockSeconds: () => seconds, attemptId: "attempt-1" }, uses);
    expect(outcome.completed && outcome.known.presented.nowSeconds).toBe(NOW + 600);
  });
});

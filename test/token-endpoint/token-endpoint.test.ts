import { exports } from "cloudflare:workers";
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from "jose";
import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { type DpopKey, makeDpopKey, makeProof } from "../support/dpop.ts";
import type { Members } from "../support/documents.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { namespaceOf, startIsolate } from "../support/services.ts";
import {
  CLIENT_ASSERTION_TYPE,
  digestSecret,
  ISSUER,
  JWT_BEARER,
  JWT_DPOP,
  nowInSeconds,
  type RequestChanges,
  Tenant,
  type TenantChanges,
  TOKEN_ENDPOINT,
  type TokenAnswer,
} from "../support/tenant.ts";

/** Verified as a resource server would: by the published keys. */
async function claimsOf({ body }: TokenAnswer): Promise<Members> {
  const token = String(body["access_token"]);
  const published = await (await exports.default.fetch(`${ISSUER}/jwks`)).json<{ keys: JWK[] }>();
  const { kid } = decodeProtectedHeader(token);
  const key = published.keys.find((candidate) => candidate.kid === kid);
  expect(key).toBeDefined();
  const { payload } = await compactVerify(token, await importJWK(key ?? {}, "ES256"));
  return JSON.parse(new TextDecoder().decode(payload)) as Members;
}

function errorOf({ status, body }: TokenAnswer): string {
  return `${status} ${String(body["error"])}`;
}

/** On every answer, whatever it says. */
function expectHardened({ headers }: TokenAnswer): void {
  expect(Object.fromEntries(headers)).toMatchObject({
    "cache-control": "no-store",
    pragma: "no-cache",
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "crossgate-correlation-id": expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  });
  expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(headers.get("set-cookie")).toBeNull();
}

describe("a token", () => {
  const withoutBasic = { authorization: undefined };
  const methods: readonly (readonly [string, (tenant: Tenant) => Promise<RequestChanges>])[] = [
    ["client_secret_basic", async () => ({})],
    [
      "client_secret_post",
      async ({ clientId, secret }) => ({
        headers: withoutBasic,
        form: { client_id: clientId, client_secret: secret },
      }),
    ],
    [
      "private_key_jwt",
      async (tenant) => ({
        headers: withoutBasic,
        form: { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: await tenant.clientAssertion() },
      }),
    ],
  ];

  it.each(methods)("is given to a client that authenticates by %s", async (_name, changes) => {
    const tenant = await Tenant.settle();
    const answer = await tenant.redeem(await changes(tenant));
    expectHardened(answer);
    expect(answer.status).toBe(200);
    // RFC 6749 §5.1; no refresh token, ever (design §3, ID-JAG §4.4).
    expect(answer.body).toEqual({
      access_token: expect.any(String) as string,
      token_type: "Bearer",
      expires_in: LIMITS.accessTokenLifetimeSeconds,
      scope: "files:read files:write",
      resource: tenant.resource,
    });
  });

  it("says who may do what where, and for how long (RFC 9068 §2.2) [JAG-R-40, JAG-R-41, JAG-R-42, T9068-02]", async () => {
    const tenant = await Tenant.settle();
    const before = nowInSeconds();
    const actor = { sub: "agent-instance-7", iss: "https://agents.example.com" };
    const assertion = await tenant.assertion({
      act: actor,
      auth_time: 1_700_000_000,
      acr: "urn:x",
      amr: ["pwd", "mfa"],
    });
    const answer = await tenant.redeem({ form: { assertion } });
    const claims = await claimsOf(answer);
    expect(decodeProtectedHeader(String(answer.body["access_token"]))).toEqual({
      typ: "at+jwt",
      alg: "ES256",
      kid: "test-current",
    });
    expect(claims).toEqual({
      iss: ISSUER,
      aud: tenant.resource,
      sub: expect.stringMatching(/^usr_[\w-]{43}$/) as string,
      sub_id: { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" },
      client_id: tenant.clientId,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      iat: expect.any(Number) as number,
      exp: Number(claims["iat"]) + LIMITS.accessTokenLifetimeSeconds,
      scope: "files:read files:write",
      organization: tenant.organization,
      act: actor,
      auth_time: 1_700_000_000,
      acr: "urn:x",
      amr: ["pwd", "mfa"],
      assertion: { iat: expect.any(Number) as number, kid: expect.any(String) as string },
      policy: { revision: expect.any(String) as string },
    });
    expect(Number(claims["iat"])).toBeGreaterThanOrEqual(before);
    expect(Number(claims["iat"])).toBeLessThanOrEqual(nowInSeconds());
  });

  it("names the same principal each time, and another for another subject", async () => {
    const tenant = await Tenant.settle();
    const principal = async (sub: string) =>
      (await claimsOf(await tenant.redeem({ form: { assertion: await tenant.assertion({ sub }) } })))["sub"];
    const [ada, again, bob] = [await principal("ada"), await principal("ada"), await principal("bob")];
    expect(ada).toBe(again);
    expect(ada).not.toBe(bob);
  });

  it.each([
    ["the resource's lifetime", { resource: { token_lifetime_seconds: 60 } }, 60],
    ["the rule's lifetime", { rule: { token_lifetime_seconds: 90 } }, 90],
    ["the shorter of both", { resource: { token_lifetime_seconds: 60 }, rule: { token_lifetime_seconds: 90 } }, 60],
  ])("lives for %s [JAG-R-43, MCPA-27]", async (_name, changes, seconds) => {
    const answer = await (await Tenant.settle(changes)).redeem();
    expect(answer.body["expires_in"]).toBe(seconds);
    const claims = await claimsOf(answer);
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(seconds);
  });
});

describe("a secret that is being replaced", () => {
  it("serves beside its successor, and not after it was taken out", async () => {
    const [old, replacement] = ["old-secret", "new-secret"];
    const digests = await Promise.all([old, replacement].map((secret) => digestSecret(secret)));
    const both = await Tenant.settle({ authentication: { secret_digests: digests } });
    const later = await Tenant.settle({ authentication: { secret_digests: digests.slice(1) } });
    const redeemWith = (tenant: Tenant, secret: string) =>
      tenant.redeem({
        headers: { authorization: undefined },
        form: { client_id: tenant.clientId, client_secret: secret },
      });
    expect((await redeemWith(both, old)).status).toBe(200);
    expect((await redeemWith(both, replacement)).status).toBe(200);
    expect(errorOf(await redeemWith(later, old))).toBe("401 invalid_client");
    expect((await redeemWith(later, replacement)).status).toBe(200);
  });
});

describe("a client assertion", () => {
  async function present(tenant: Tenant, clientAssertion: string): Promise<TokenAnswer> {
    const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: clientAssertion };
    return tenant.redeem({ headers: { authorization: undefined }, form });
  }

  // F05: 64 at once, as for the ID-JAG itself.
  it("authenticates one request", async () => {
    const tenant = await Tenant.settle();
    const clientAssertion = await tenant.clientAssertion();
    const answers = await Promise.all(Array.from({ length: 64 }, () => present(tenant, clientAssertion)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(errorOf))).toEqual(
      new Set(["401 invalid_client"]),
    );
  });

  it.each<[string, Members]>([
    ["for the token endpoint", { aud: TOKEN_ENDPOINT }],
    ["that has expired", { iat: nowInSeconds() - 200, exp: nowInSeconds() - 100 }],
    ["that lives too long", { exp: nowInSeconds() + LIMITS.clientAssertionLifetimeSeconds + 60 }],
    ["from the future", { iat: nowInSeconds() + 1000, exp: nowInSeconds() + 1060 }],
  ])("%s authenticates nobody", async (_name, claims) => {
    const tenant = await Tenant.settle();
    expect(errorOf(await present(tenant, await tenant.clientAssertion(claims)))).toBe("401 invalid_client");
  });

  it("that is an ID-JAG authenticates nobody", async () => {
    const tenant = await Tenant.settle();
    const clientAssertion = await tenant.clientAssertion({}, { header: { typ: "oauth-id-jag+jwt" } });
    expect(errorOf(await present(tenant, clientAssertion))).toBe("401 invalid_client");
  });
});

describe("what is granted", () => {
  interface Ask {
    readonly changes?: TenantChanges;
    readonly claims?: Members;
    readonly form?: Readonly<Record<string, string>>;
  }

  // Promise 4: requested ∩ asserted ∩ registered ∩ permitted.
  it.each<[string, Ask, string]>([
    ["all that was asserted", {}, "files:read files:write"],
    ["less when less is asked for", { form: { scope: "files:read" } }, "files:read"],
    [
      "no more when more is asked for",
      { claims: { scope: "files:read" }, form: { scope: "files:read files:write" } },
      "files:read",
    ],
    [
      "nothing that nobody defined",
      { claims: { scope: "files:read root" }, form: { scope: "root files:read" } },
      "files:read",
    ],
    ["within the client's ceiling", { changes: { client: { scopes: ["files:write"] } } }, "files:write"],
    ["within the policy", { changes: { rule: { scopes: ["files:read"] } } }, "files:read"],
  ])("is %s", async (_name, { changes, claims, form }, scope) => {
    const tenant = await Tenant.settle(changes);
    const answer = await tenant.redeem({ form: { assertion: await tenant.assertion(claims), ...form } });
    expect(answer.body["scope"]).toBe(scope);
    expect((await claimsOf(answer))["scope"]).toBe(scope);
  });

  async function refuse({ changes, claims, form }: Ask, error: string) {
    const tenant = await Tenant.settle(changes);
    const assertion = await tenant.assertion(claims);
    const answer = await tenant.redeem({ form: { assertion, ...form } });
    expect(errorOf(answer)).toBe(error);
    expectHardened(answer);
    expect((await recordedEvents(tenant.clientId)).map(({ decision }) => decision)).toEqual(["refused"]);
    return { tenant, assertion };
  }

  it.each<[string, Ask, string]>([
    ["a resource that is none of ours", { claims: { resource: "https://elsewhere.example/mcp" } }, "400 invalid_grant"],
    ["a resource that the client may not have", { changes: { client: { resources: [] } } }, "400 invalid_target"],
    [
      "a scope that policy withholds",
      { changes: { rule: { scopes: ["files:read"] } }, form: { scope: "files:write" } },
      "400 invalid_scope",
    ],
    ["what no rule permits", { changes: { rule: { clients: ["another"] } } }, "400 invalid_grant"],
    ["what a rule denies", { changes: { rule: { effect: "deny", scopes: undefined } } }, "400 invalid_grant"],
  ])("is nothing for %s", async (_name, ask, error) => {
    await refuse(ask, error);
  });

  // Steps 0 to 9 leave no trace: an honest mistake does not cost a client its assertion.
  it.each<[string, Ask, string]>([
    [
      "a scope that was not asserted",
      { claims: { scope: "files:read" }, form: { scope: "files:write" } },
      "400 invalid_scope",
    ],
    ["a scope that is none", { form: { scope: "files:read  files:write" } }, "400 invalid_scope"],
    ["another resource", { form: { resource: `${ISSUER}/other/mcp` } }, "400 invalid_target"],
    ["authorization_details", { form: { authorization_details: "[]" } }, "400 invalid_authorization_details"],
    ["the wrong grant", { form: { grant_type: JWT_DPOP } }, "400 invalid_grant"],
  ])("is nothing for %s, and the assertion is good for a better request [MCPA-29]", async (_name, ask, error) => {
    const { tenant, assertion } = await refuse(ask, error);
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
  });
});

describe("a sign-in that is not good enough", () => {
  // RFC 9470: the client is told what would be, and only where nothing else is missing.
  it("is told what would be, and the assertion is kept [SU-01]", async () => {
    const changes = { rule: { acr: ["urn:strong", "urn:stronger"], maximum_authentication_age_seconds: 600 } };
    const tenant = await Tenant.settle(changes);
    const weak = await tenant.redeem({ form: { assertion: await tenant.assertion({ acr: "urn:weak" }) } });
    expect(errorOf(weak)).toBe("400 insufficient_user_authentication");
    expect(weak.body).toMatchObject({ acr_values: "urn:strong urn:stronger", max_age: 600 });
    expectHardened(weak);
    const strong = { acr: "urn:strong", auth_time: nowInSeconds() - 60 };
    expect((await tenant.redeem({ form: { assertion: await tenant.assertion(strong) } })).status).toBe(200);
    const elsewhere = await tenant.redeem({ form: { assertion: await tenant.assertion({ client_id: "another" }) } });
    expect(elsewhere.body).not.toHaveProperty("acr_values");
  });
});

interface Cell {
  readonly bound: boolean;
  readonly proved: boolean;
}

describe("proof of possession", () => {
  interface Presented {
    readonly key: DpopKey;
    readonly bound: boolean;
    readonly grantType?: string;
    readonly proof?: Members | null;
    readonly proofKey?: DpopKey;
  }

  async function presentTo(
    tenant: Tenant,
    { key, bound, grantType = JWT_BEARER, proof = {}, proofKey = key }: Presented,
  ) {
    const assertion = await tenant.assertion(bound ? { cnf: { jkt: key.thumbprint } } : {});
    const send = async (claims: Members | null) => {
      const headers = claims === null ? {} : { dpop: await makeProof(proofKey, nowInSeconds(), { claims }) };
      return tenant.redeem({ form: { assertion, grant_type: grantType }, headers });
    };
    return { assertion, send, answer: await send(proof === null ? null : { htu: TOKEN_ENDPOINT, ...proof }) };
  }

  async function currentNonce(tenant: Tenant): Promise<string> {
    const { answer } = await presentTo(tenant, { key: await makeDpopKey(), bound: false, proof: { nonce: undefined } });
    expect(errorOf(answer)).toBe("400 use_dpop_nonce");
    return answer.headers.get("dpop-nonce") ?? "";
  }

  // ID-JAG §9.8.1.2: {assertion bound or not} × {proof sent or not}, for both grant types.
  it.each<Cell & { readonly grantType: string; readonly verdict: string }>([
    { bound: false, proved: false, grantType: JWT_BEARER, verdict: "Bearer" },
    { bound: false, proved: true, grantType: JWT_BEARER, verdict: "DPoP" },
    { bound: true, proved: false, grantType: JWT_BEARER, verdict: "400 invalid_grant" },
    { bound: true, proved: true, grantType: JWT_BEARER, verdict: "DPoP" },
    { bound: false, proved: false, grantType: JWT_DPOP, verdict: "400 invalid_grant" },
    { bound: false, proved: true, grantType: JWT_DPOP, verdict: "400 invalid_grant" },
    { bound: true, proved: false, grantType: JWT_DPOP, verdict: "400 invalid_grant" },
    { bound: true, proved: true, grantType: JWT_DPOP, verdict: "DPoP" },
  ])(
    "bound $bound, proved $proved, by $grantType: $verdict [JAG-R-44, JAG-P-10, JAG-P-11, JAG-P-12, JAG-P-13, JAG-P-14]",
    async ({ bound, proved, grantType, verdict }) => {
      const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
      const proof = proved ? { nonce: await currentNonce(tenant) } : null;
      const { answer } = await presentTo(tenant, { key, bound, grantType, proof });
      expect(answer.status === 200 ? answer.body["token_type"] : errorOf(answer)).toBe(verdict);
      if (answer.status !== 200) return;
      const { cnf } = await claimsOf(answer);
      expect(cnf).toEqual(verdict === "DPoP" ? { jkt: key.thumbprint } : undefined);
    },
  );

  it("is asked for a nonce, answers with it, and gets the token for the same assertion [DP-03]", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const { send, answer } = await presentTo(tenant, { key, bound: true, proof: { nonce: undefined } });
    expect(errorOf(answer)).toBe("400 use_dpop_nonce");
    expectHardened(answer);
    const nonce = answer.headers.get("dpop-nonce") ?? "";
    expect(nonce).toMatch(/^[\w-]{43}$/);
    expect((await send({ htu: TOKEN_ENDPOINT, nonce })).status).toBe(200);
  });

  // F06
  it.each<[string, Members, string]>([
    ["for another method", { htm: "GET" }, "400 invalid_dpop_proof"],
    ["for another URL", { htu: `${ISSUER}/authorize` }, "400 invalid_dpop_proof"],
    ["for another host", { htu: "https://crossgate.example/token" }, "400 invalid_dpop_proof"],
    ["from the past", { iat: nowInSeconds() - 600 }, "400 invalid_dpop_proof"],
    ["from the future", { iat: nowInSeconds() + 600 }, "400 invalid_dpop_proof"],
    ["without jti", { jti: undefined }, "400 invalid_dpop_proof"],
    ["with a nonce of somebody else's", { nonce: "A".repeat(43) }, "400 use_dpop_nonce"],
  ])("by a proof %s is none", async (_name, claims, error) => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const { answer } = await presentTo(tenant, {
      key,
      bound: true,
      proof: { nonce: await currentNonce(tenant), ...claims },
    });
    expect(errorOf(answer)).toBe(error);
  });

  it("by another key than the assertion's is none", async () => {
    const [tenant, key, proofKey] = [await Tenant.settle(), await makeDpopKey(), await makeDpopKey()];
    const proof = { nonce: await currentNonce(tenant) };
    expect(errorOf((await presentTo(tenant, { key, bound: true, proof, proofKey })).answer)).toBe("400 invalid_grant");
  });

  it("by one proof is for one request", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const proof = { nonce: await currentNonce(tenant), jti: crypto.randomUUID() };
    expect((await presentTo(tenant, { key, bound: false, proof })).answer.status).toBe(200);
    const { answer, send } = await presentTo(tenant, { key, bound: false, proof });
    expect(errorOf(answer)).toBe("400 invalid_dpop_proof");
    // A spent proof does not cost the assertion.
    expect((await send({ htu: TOKEN_ENDPOINT, ...proof, jti: crypto.randomUUID() })).status).toBe(200);
  });

  it.each<[string, TenantChanges]>([
    ["the client's record", { client: { dpop_required: true } }],
    ["the resource's record", { resource: { dpop_required: true } }],
  ])("may be demanded by %s", async (_name, changes) => {
    const [tenant, key] = [await Tenant.settle(changes), await makeDpopKey()];
    expect(errorOf(await tenant.redeem())).toBe("400 invalid_grant");
    const proof = { nonce: await currentNonce(tenant) };
    expect((await presentTo(tenant, { key, bound: false, proof })).answer.body["token_type"]).toBe("DPoP");
  });

  it("by two proofs at once is none", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const claims = { htu: TOKEN_ENDPOINT, nonce: await currentNonce(tenant) };
    const proofs = await Promise.all([1, 2].map(() => makeProof(key, nowInSeconds(), { claims })));
    expect(errorOf(await tenant.redeem({ headers: { dpop: proofs.join(", ") } }))).toBe("400 invalid_dpop_proof");
  });
});

describe("shedding", () => {
  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])("%s is 405 and says what is allowed", async (method) => {
    const answer = await (await Tenant.settle()).redeem({ method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("a body that is too large is 413", async () => {
    const answer = await (await Tenant.settle()).redeem({ body: "a".repeat(LIMITS.requestBodyBytes + 1) });
    expect(errorOf(answer)).toBe("413 invalid_request");
    expectHardened(answer);
  });

  it.each(["NETWORK_RATE_LIMIT", "CLIENT_RATE_LIMIT"])(
    "beyond %s is 429, and says when to come back",
    async (limiter) => {
      const tenant = await Tenant.settle();
      const assertion = await tenant.assertion();
      const limited = startIsolate({ [limiter]: { limit: async () => ({ success: false }) } });
      const answer = await limited.redeem(await tenant.request({ form: { assertion } }));
      expect(errorOf(answer)).toBe("429 temporarily_unavailable");
      expect(answer.headers.get("retry-after")).toBe(String(LIMITS.rateLimitRetryAfterSeconds));
      expectHardened(answer);
      expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    },
  );

  // §4.6: advisory. The ledger's own bounds still hold when the limiter is down.
  it.each(["NETWORK_RATE_LIMIT", "CLIENT_RATE_LIMIT"])("by a %s that fails sheds nothing", async (limiter) => {
    const tenant = await Tenant.settle();
    const failing = startIsolate({ [limiter]: { limit: () => Promise.reject(new Error("down")) } });
    expect((await failing.redeem(await tenant.request())).status).toBe(200);
  });

  it("counts networks and clients apart", async () => {
    const tenant = await Tenant.settle();
    const limit = vi.fn(async () => ({ success: true }));
    const isolate = startIsolate({ NETWORK_RATE_LIMIT: { limit }, CLIENT_RATE_LIMIT: { limit } });
    await isolate.redeem(await tenant.request({ headers: { "cf-connecting-ip": "2001:db8::7" } }));
    expect(limit.mock.calls).toEqual([[{ key: "2001:db8:0:0" }], [{ key: `token:${tenant.clientId}` }]]);
  });

  it("is a 401 with a challenge where no client is known [JAG-R-09]", async () => {
    const answer = await (await Tenant.settle()).redeem({ headers: { authorization: undefined } });
    expect(errorOf(answer)).toBe("401 invalid_client");
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="token", charset="UTF-8"');
    expectHardened(answer);
  });

  it("of a fault tells the class to the operator, and nothing to the client", async () => {
    const tenant = await Tenant.settle();
    const isolate = startIsolate();
    vi.spyOn(isolate.services.token.redemption, "findPolicy").mockRejectedValue(new RangeError("secret-in-the-error"));
    const answer = await isolate.redeem(await tenant.request());
    expect(errorOf(answer)).toBe("500 server_error");
    expectHardened(answer);
    expect(answer.text).not.toContain("secret-in-the-error");
    const correlation_id = answer.headers.get("crossgate-correlation-id");
    expect(isolate.logged[0]).toEqual({ event: "fault", correlation_id, class: "RangeError" });
    const [event] = await recordedEvents(tenant.clientId);
    expect(event).toMatchObject({ decision: "failed", reason: "fault", check: "policy", correlation_id });
  });
});

/** F10, C14: from outside, two causes of one class are the same to the byte. */
describe("refusals of one class", () => {
  const inAnHour = nowInSeconds() + 3600;
  const invalidGrants: readonly (readonly [string, TenantChanges, (tenant: Tenant) => Promise<string>])[] = [
    ["is no JWT", {}, async () => "no.jwt"],
    ["is of another type", {}, (tenant) => tenant.assertion({}, { header: { typ: "JWT" } })],
    ["is of an unknown issuer", {}, (tenant) => tenant.assertion({ iss: "https://unknown.example.com" })],
    ["is of a disabled issuer", { idp: { enabled: false } }, (tenant) => tenant.assertion()],
    ["is signed by an unknown key", {}, (tenant) => tenant.assertion({}, { header: { kid: "unknown" } })],
    ["is signed by nobody", {}, async (tenant) => `${(await tenant.assertion()).slice(0, -8)}AAAAAAAA`],
    ["is for another server", {}, (tenant) => tenant.assertion({ aud: "https://other.example" })],
    ["has expired", {}, (tenant) => tenant.assertion({ iat: 1_700_000_000, exp: 1_700_000_100 })],
    ["is not valid yet", {}, (tenant) => tenant.assertion({ iat: inAnHour, exp: inAnHour + 60 })],
    ["lives too long", {}, (tenant) => tenant.assertion({ exp: inAnHour })],
    ["is another client's", {}, (tenant) => tenant.assertion({ client_id: "another" })],
    ["lacks a claim", {}, (tenant) => tenant.assertion({ sub: undefined })],
    ["is bound and unproved", {}, (tenant) => tenant.assertion({ cnf: { jkt: "A".repeat(43) } })],
    ["is against policy", { rule: { clients: [] } }, (tenant) => tenant.assertion()],
    ["has been used", {}, usedAssertion],
  ];

  async function usedAssertion(tenant: Tenant): Promise<string> {
    const assertion = await tenant.assertion();
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    return assertion;
  }

  /** All that a client can see, without what is random by design. */
  function visible({ status, headers, text }: TokenAnswer): string {
    const correlation = headers.get("crossgate-correlation-id") ?? "";
    return JSON.stringify({ status, headers: [...headers], text }).replaceAll(correlation, "(correlation id)");
  }

  async function refusalOf([, changes, make]: (typeof invalidGrants)[number]): Promise<TokenAnswer> {
    const tenant = await Tenant.settle(changes);
    return tenant.redeem({ form: { assertion: await make(tenant) } });
  }

  it("are the same to the byte for invalid_grant", async () => {
    const seen = new Map<string, string[]>();
    for (const cause of invalidGrants) {
      const answer = visible(await refusalOf(cause));
      seen.set(answer, [...(seen.get(answer) ?? []), cause[0]]);
    }
    expect([...seen.values()]).toEqual([invalidGrants.map(([name]) => name)]);
    expect([...seen.keys()].join("")).toContain("invalid_grant");
  });

  it("are the same to the byte for invalid_client", async () => {
    const tenant = await Tenant.settle();
    const disabled = await Tenant.settle({ client: { enabled: false } });
    const keyOnly = await Tenant.settle({
      authentication: { methods: ["private_key_jwt"], secret_digests: [] },
    });
    const post = (clientId: string, secret: string): RequestChanges => ({
      headers: { authorization: undefined },
      form: { client_id: clientId, client_secret: secret },
    });
    const signed = async (claims: Members): Promise<RequestChanges> => ({
      headers: { authorization: undefined },
      form: { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: await tenant.clientAssertion(claims) },
    });
    const causes: readonly RequestChanges[] = [
      { headers: { authorization: undefined } },
      { headers: { authorization: "Bearer x" } },
      { headers: { authorization: `Basic ${btoa("nobody:x")}` } },
      post("nobody", "x"),
      post(tenant.clientId, "wrong"),
      post(disabled.clientId, disabled.secret),
      post(keyOnly.clientId, keyOnly.secret),
      await signed({ aud: TOKEN_ENDPOINT }),
      await signed({ exp: 1_700_000_000 }),
      await signed({ jti: 7 }),
      await signed({ iss: "nobody", sub: "nobody" }),
    ];
    const answers = await Promise.all(causes.map((changes) => tenant.redeem(changes)));
    expect(new Set(answers.map(visible)).size).toBe(1);
    expect(errorOf(answers.at(0) as TokenAnswer)).toBe("401 invalid_client");
  });

  it("are told apart in the record", async () => {
    const reasons = new Set<string>();
    for (const [, changes, make] of invalidGrants) {
      const tenant = await Tenant.settle(changes);
      await tenant.redeem({ form: { assertion: await make(tenant) } });
      const [last] = (await recordedEvents(tenant.clientId)).filter(({ decision }) => decision === "refused");
      reasons.add(last?.reason ?? "none");
    }
    expect(reasons.size).toBe(invalidGrants.length);
  });
});

describe("the record", () => {
  // A record for each request of a flood is what the flood is after.
  it("has nothing of a client that is beyond its rate", async () => {
    const tenant = await Tenant.settle();
    const limited = startIsolate({ CLIENT_RATE_LIMIT: { limit: async () => ({ success: false }) } });
    for (let at = 0; at < 5; at += 1) await limited.redeem(await tenant.request());
    expect(await recordedEvents(tenant.clientId)).toEqual([]);
  });

  // J09, J11: one event for each decision about a client that is known, and none for anything else.
  it("has one event for each authenticated request, and none for the rest", async () => {
    const tenant = await Tenant.settle();
    const used = await tenant.assertion();
    const authenticated: readonly RequestChanges[] = [
      { form: { assertion: used } },
      { form: { assertion: used } },
      { form: { assertion: "junk" } },
      { form: { assertion: undefined } },
      { form: { grant_type: "password" } },
      { form: { grant_type: undefined } },
      { form: { scope: "nothing" } },
      { form: { resource: "https://elsewhere.example" } },
      { headers: { dpop: "junk" } },
      {},
    ];
    const others: readonly RequestChanges[] = [
      { method: "GET" },
      { headers: { authorization: undefined } },
      { headers: { authorization: `Basic ${btoa(`${tenant.clientId}:wrong`)}` } },
      { headers: { "content-type": "text/plain" } },
      { body: "a=1&a=1" },
      // A nonce challenge decides nothing.
      {
        headers: {
          dpop: await makeProof(await makeDpopKey(), nowInSeconds(), {
            claims: { htu: TOKEN_ENDPOINT, nonce: undefined },
          }),
        },
      },
    ];
    const correlations: (string | null)[] = [];
    for (const changes of authenticated) {
      correlations.push((await tenant.redeem(changes)).headers.get("crossgate-correlation-id"));
    }
    for (const changes of others) await tenant.redeem(changes);
    const events = await recordedEvents(tenant.clientId);
    expect(new Set(events.map(({ correlation_id }) => correlation_id))).toEqual(new Set(correlations));
    expect(events).toHaveLength(authenticated.length);
    expect(new Set(events.map(({ id }) => id)).size).toBe(authenticated.length);
    expect(events.filter(({ decision }) => decision === "granted")).toHaveLength(2);
  });

  it("of a grant names the token, what it rests on, and the assertion by its hash", async () => {
    const tenant = await Tenant.settle();
    const jti = crypto.randomUUID();
    const answer = await tenant.redeem({
      form: { assertion: await tenant.assertion({ jti }), scope: "files:read extra" },
    });
    const claims = await claimsOf(answer);
    const [event] = await recordedEvents(tenant.clientId);
    expect(event).toMatchObject({
      type: "redemption",
      decision: "granted",
      reason: null,
      check: null,
      correlation_id: answer.headers.get("crossgate-correlation-id"),
      organization: tenant.organization,
      issuer: tenant.idp.issuer,
      subject: "user-ada",
      principal: claims["sub"],
      resource: tenant.resource,
      scope_requested: "files:read (other)",
      scope_asserted: "files:read files:write",
      scope_granted: "files:read",
      token_id: claims["jti"],
      token_expires_at: claims["exp"],
      bound_to_key: false,
      policy_rules: ["agent-reads-files"],
      policy_revision: expect.any(String) as string,
      idp_revision: expect.any(String) as string,
      client_revision: expect.any(String) as string,
      resource_revision: expect.any(String) as string,
    });
    expect(event?.assertion_hash).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(event)).not.toContain(jti);
  });

  it("of a refusal grants nothing", async () => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion();
    await tenant.redeem({ form: { assertion } });
    await tenant.redeem({ form: { assertion } });
    const refused = (await recordedEvents(tenant.clientId)).find(({ decision }) => decision === "refused");
    expect(refused).toMatchObject({
      reason: "assertion_replayed",
      check: "single_use",
      scope_granted: null,
      token_id: null,
      token_expires_at: null,
    });
  });

  // Promise 2: no token without a record.
  it("that cannot be written is no token", async () => {
    const tenant = await Tenant.settle();
    const isolate = startIsolate({ ASSERTION_LEDGER: namespaceOf(async () => "backlogged") });
    const answer = await isolate.redeem(await tenant.request());
    expect(errorOf(answer)).toBe("503 temporarily_unavailable");
    expect(answer.headers.get("retry-after")).toBe(String(LIMITS.retryAfterSeconds));
    expectHardened(answer);
  });
});

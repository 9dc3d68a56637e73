import { describe, expect, it } from "vitest";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import { accountPrincipal, derivePrincipal } from "../../src/redemption/principal.ts";
import {
  CLIENT,
  denyRule,
  IDP,
  idpDocument,
  type Members,
  permitRule,
  RESOURCE,
  resourceDocument,
} from "../support/documents.ts";
import { LIST_TOOLS, READ_FILE, stubUpstream } from "../support/gateway.ts";
import { ACCESS_TOKENS, startProviderWorld } from "../support/provider-tokens.ts";

const WRITE_FILE = { ...READ_FILE, params: { name: "write_file" } };

describe("an identity provider's own access token", () => {
  it("lets its bearer call as the same principal as an ID-JAG would, and the record says which kind it was", async () => {
    const { gateway, token } = await startProviderWorld();
    const upstream = stubUpstream();
    const shown = await token({ jti: "token-at-the-idp" });
    const { status } = await gateway.call({ token: shown });
    expect(status).toBe(200);
    expect(upstream.everything()).not.toContain(shown);
    expect(gateway.events).toMatchObject([
      {
        type: "gateway_call",
        decision: "granted",
        token_kind: "provider",
        issuer: IDP,
        subject: "user-ada",
        principal: await derivePrincipal({ issuer: IDP, tenant: null, sub: "user-ada" }),
        organization: "acme",
        client_id: CLIENT,
        scope_granted: "files:read",
        bound_to_key: false,
      },
    ]);
    const { token_id: tokenId } = gateway.events[0] ?? {};
    expect(tokenId).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(shown).not.toContain(tokenId);
    await gateway.call();
    expect(gateway.events[1]).toMatchObject({ token_kind: "own" });
  });

  it("is one account's where the provider's record is strict, and nobody's without one", async () => {
    const strict = { subject_resolution: { mode: "strict", by: ["email"] }, email_domains: ["acme.example"] };
    const { gateway, token } = await startProviderWorld({ idp: strict });
    stubUpstream();
    expect((await gateway.call({ token: await token() })).status).toBe(200);
    expect(gateway.events[0]?.principal).toBe(await accountPrincipal("acme", "account-of-ada"));
    const unknown = await gateway.call({ token: await token({ sub: "user-bob" }) });
    expect([unknown.status, gateway.counted]).toEqual([401, ["token_subject"]]);
  });

  it("is an outage, and no refusal, where the provider's keys or the records cannot be had", async () => {
    const acceptProviderToken = async () => {
      throw new Outage("keys_unavailable");
    };
    const { gateway, token } = await startProviderWorld({ overrides: { acceptProviderToken } });
    stubUpstream();
    expect((await gateway.call({ token: await token() })).status).toBe(503);
  });
});

describe("what it may do", () => {
  const statusOf = async (
    options: Parameters<typeof startProviderWorld>[0],
    claims: Members,
    message: unknown = READ_FILE,
  ): Promise<number> => {
    const { gateway, token } = await startProviderWorld(options);
    stubUpstream();
    return (await gateway.call({ token: await token(claims), message })).status;
  };
  const translated = (scopes: Members): Members => ({ provider_tokens: { [IDP]: { scopes } } });

  it.each<[string, Parameters<typeof startProviderWorld>[0], Members, unknown, number]>([
    ["is in its scope, by the server's own names", {}, { scope: "files:read" }, READ_FILE, 200],
    ["is not what is in none", {}, { scope: "files:read" }, WRITE_FILE, 403],
    ["is nothing without one", {}, { scope: undefined }, READ_FILE, 403],
    ["is nothing by scopes of other servers alone", {}, { scope: "openid profile" }, READ_FILE, 403],
    ["is not more than its client's ceiling", { client: { scopes: ["files:write"] } }, {}, READ_FILE, 403],
    [
      "is what the server's record makes of its scope",
      { resource: translated({ "mcp.read": ["files:read"] }) },
      { scope: "mcp.read" },
      READ_FILE,
      200,
    ],
    [
      "is nothing by a name that the server's record does not translate, were it the server's own",
      { resource: translated({ "mcp.read": ["files:read"] }) },
      { scope: "files:read" },
      READ_FILE,
      403,
    ],
    [
      "is nothing by a name that every object has",
      { resource: translated({ "mcp.read": ["files:read"] }) },
      { scope: "constructor" },
      READ_FILE,
      403,
    ],
    [
      "is for client and policy alone to say where the server's record leaves it to them",
      { resource: { provider_tokens: { [IDP]: { scopes: "policy_decides" } } } },
      { scope: undefined },
      WRITE_FILE,
      200,
    ],
    [
      "is in its scope where that is a list in another claim",
      { idp: { access_tokens: { ...ACCESS_TOKENS, scope_claim: "scp" } } },
      { scope: undefined, scp: ["openid", "files:read"] },
      READ_FILE,
      200,
    ],
    [
      "is not what another claim than the named one says",
      { idp: { access_tokens: { ...ACCESS_TOKENS, scope_claim: "scp" } } },
      { scp: "files:write" },
      READ_FILE,
      403,
    ],
    ["is nothing that a rule denies", { rules: [permitRule({ scopes: "any" }), denyRule()] }, {}, READ_FILE, 403],
    ["is nothing without a rule that permits it", { rules: [] }, {}, READ_FILE, 403],
  ])("%s", async (_, options, claims, message, status) => {
    expect(await statusOf(options, claims, message)).toBe(status);
  });

  it("hangs on all that the token tells, also for a list: nothing was left out of it for a policy of its day", async () => {
    const rules = [permitRule({ scopes: "any", groups: ["engineers"] })];
    const idp = { groups_claim: "groups" };
    const claims = { groups: ["engineers", "others"] };
    expect(await statusOf({ rules, idp }, claims, READ_FILE)).toBe(200);
    expect(await statusOf({ rules, idp }, claims, LIST_TOOLS)).not.toBe(401);
    expect(await statusOf({ rules, idp }, { groups: ["others"] }, READ_FILE)).toBe(403);
  });

  it("lets a rule ask for a better sign-in, and for a key", async () => {
    const recent = [permitRule({ scopes: "any", maximum_authentication_age_seconds: 60 })];
    const { gateway, token } = await startProviderWorld({ rules: recent });
    stubUpstream();
    const long = Math.floor(Date.now() / 1000) - 600;
    const answered = await gateway.call({ token: await token({ auth_time: long }) });
    expect([answered.status, answered.challenge]).toEqual([401, expect.stringContaining("max_age")]);
  });
});

describe("the records", () => {
  const parse = (kind: "idp" | "resource", changes: Members) => {
    const [name, document] = kind === "idp" ? [IDP, idpDocument(changes)] : [RESOURCE, resourceDocument(changes)];
    const rules = { ownHost: "crossgate.example", allowsLoopback: false };
    return () => parseTrustDocument(kind, { name, text: JSON.stringify(document) }, rules);
  };

  it("say nothing of such tokens unless they are told to, and then the strictest", () => {
    expect(parse("idp", {})()).not.toHaveProperty("access_tokens");
    expect(parse("resource", {})()).toMatchObject({ provider_tokens: {} });
    expect(parse("idp", { access_tokens: ACCESS_TOKENS })()).toMatchObject({
      access_tokens: { types: ["at+jwt"], maximum_lifetime_seconds: LIMITS.providerTokenLifetimeSeconds },
    });
  });

  const many = (count: number, value: unknown): Members =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, value]));

  it.each<[string, "idp" | "resource", Members]>([
    ["no client", "idp", { access_tokens: { clients: {} } }],
    ["no word on clients", "idp", { access_tokens: {} }],
    ["too many clients", "idp", { access_tokens: { clients: many(LIMITS.providerClients + 1, CLIENT) } }],
    ["no type", "idp", { access_tokens: { ...ACCESS_TOKENS, types: [] } }],
    ["the type of ID-JAGs", "idp", { access_tokens: { ...ACCESS_TOKENS, types: ["oauth-id-jag+jwt"] } }],
    ["a client claim that is the subject's", "idp", { access_tokens: { ...ACCESS_TOKENS, client_claim: "sub" } }],
    [
      "a lifetime beyond the cap",
      "idp",
      { access_tokens: { ...ACCESS_TOKENS, maximum_lifetime_seconds: LIMITS.providerTokenLifetimeMaximumSeconds + 1 } },
    ],
    ["a scope that is not defined", "resource", { provider_tokens: { [IDP]: { scopes: { a: ["files:delete"] } } } }],
    ["too many providers", "resource", { provider_tokens: many(LIMITS.providersPerResource + 1, {}) }],
    ["an empty audience", "resource", { provider_tokens: { [IDP]: { audience: "" } } }],
  ])("are refused as a whole with %s", (_, kind, changes) => {
    expect(parse(kind, changes)).toThrow();
  });
});

import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/policy/policy.ts";
import { denyRule, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { type CallChanges, LIST_TOOLS, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";
import { carriedFacts } from "../../src/policy/asked-facts.ts";
import { makePolicy } from "../support/redemption.ts";

const CALL = (name: string, given: Members = {}): CallChanges => ({
  message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: given } },
});
const PERMIT = permitRule({ clients: "any", scopes: "any" });

describe("policy at the gateway", () => {
  it("is asked about each call as it was read, and its rules and revision are on record [MCPT-43]", async () => {
    const upstream = stubUpstream();
    const rules = [
      PERMIT,
      denyRule({ id: "no-secrets", calls: { condition: 'arguments.path.startsWith("/secret")' } }),
    ];
    const gateway = await TestGateway.start({ rules });
    expect((await gateway.call(CALL("read_file", { path: "/public" }))).status).toBe(200);
    const refused = await gateway.call(CALL("read_file", { path: "/secret/a" }));
    expect([refused.status, refused.errorCode, refused.challenge]).toEqual([403, 403, null]);
    expect(gateway.events).toMatchObject([
      { decision: "granted", policy_rules: ["agent-reads-files"], policy_revision: "policy-1" },
      { decision: "refused", reason: "call_denied", policy_rules: ["no-secrets"], policy_revision: "policy-1" },
    ]);
    expect(upstream.sent).toHaveLength(1);
  });

  it.each([
    ["no rule permits", [], CALL("read_file"), "call_no_rule"],
    ["a rule denies", [PERMIT, denyRule()], CALL("read_file"), "call_denied"],
    [
      "an expression fails",
      [permitRule({ calls: { condition: "arguments.n > 1" } })],
      CALL("read_file"),
      "call_condition_failed",
    ],
    ["a rule denies, of the connection itself", [PERMIT, denyRule()], { method: "GET" }, "call_denied"],
    ["a rule denies, of ending a session", [PERMIT, denyRule()], { method: "DELETE" }, "call_denied"],
    ["no rule permits, of a ping", [], { message: { jsonrpc: "2.0", id: 1, method: "ping" } }, "call_no_rule"],
  ] as const)("refuses where %s", async (_name, rules, changes, reason) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ rules });
    const { status, challenge } = await gateway.call(changes);
    expect([status, challenge, reasonsOf(gateway), upstream.sent]).toEqual([403, null, [reason], []]);
  });

  it("refuses everything of an organization that has none", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ overrides: { findPolicy: async () => null } });
    expect((await gateway.call()).status).toBe(403);
    expect([reasonsOf(gateway), upstream.sent]).toEqual([["call_policy_absent"], []]);
  });

  it("asks for the scopes that the call needs, all at once [MCPA-10, MCPA-11, GW-07]", async () => {
    stubUpstream();
    const calls = { tools: ["write_*"], scopes_required: ["files:confirm"] };
    const gateway = await TestGateway.start({
      rules: [PERMIT_READING, permitRule({ id: "writes", scopes: "any", calls })],
    });
    const { status, challenge } = await gateway.call(CALL("write_file"));
    expect(status).toBe(403);
    expect(challenge).toMatch(/^Bearer error="insufficient_scope", scope="files:confirm files:write", /);
  });

  it("asks for a sign-in that would do, by its kind and age [GW-07, SU-01]", async () => {
    stubUpstream();
    const strong = permitRule({ id: "strong", acr: ["phr"], maximum_authentication_age_seconds: 60 });
    const gateway = await TestGateway.start({ rules: [strong] });
    const { status, challenge } = await gateway.call();
    expect(status).toBe(401);
    expect(challenge).toMatch(
      /^Bearer error="insufficient_user_authentication", acr_values="phr", max_age="60", scope="files:read", resource_metadata=/,
    );
    expect(reasonsOf(gateway)).toEqual(["call_authentication"]);
    const auth_time = Math.floor(Date.now() / 1000);
    expect((await gateway.call({ token: await gateway.token({ acr: "phr", auth_time }) })).status).toBe(200);
  });

  it("asks for a bound token", async () => {
    stubUpstream();
    const gateway = await TestGateway.start({ rules: [permitRule({ dpop_required: true })] });
    const { status, challenge } = await gateway.call();
    expect([status, reasonsOf(gateway)]).toEqual([401, ["token_binding"]]);
    expect(challenge).toMatch(/^DPoP error="invalid_token", algs="/);
  });
});

const PERMIT_READING = permitRule({ id: "reads", scopes: "any", calls: { tools: ["read_*"] } });

describe("a policy that was edited after the token was made", () => {
  /** A gateway whose policy a test edits, and a token that the policy before it made. */
  async function edit(before: readonly Members[], after: readonly Members[], groups: readonly string[]) {
    stubUpstream();
    let policy: Policy = makePolicy({ rules: before });
    let revision = "before";
    const gateway = await TestGateway.start({
      overrides: { findPolicy: async () => ({ document: policy, revision }) },
    });
    const asker = { clientId: "agent", resource: RESOURCE, groups: new Set(groups), emailDomain: null };
    const facts = await carriedFacts(policy, asker);
    const claims = { groups: facts.groups, policy: { revision, ...(facts.asked !== null && { asked: facts.asked }) } };
    const token = await gateway.token(claims);
    expect((await gateway.call({ token })).status).toBe(200);
    policy = makePolicy({ rules: after });
    revision = "after";
    return { gateway, token };
  }

  it.each([
    ["permits the call no more", [permitRule({ calls: { tools: ["stat"] } })], 403, "call_no_rule"],
    ["denies it", [permitRule(), denyRule()], 403, "call_denied"],
    ["permits it still", [permitRule(), permitRule({ id: "more" })], 200, null],
    ["asks about a group", [permitRule(), denyRule({ groups: ["interns"] })], 401, "token_outdated"],
  ])("and %s reaches it at once", async (_name, after, status, reason) => {
    const { gateway, token } = await edit([permitRule()], after, ["interns"]);
    const answered = await gateway.call({ token });
    expect([answered.status, gateway.events.at(-1)?.reason]).toEqual([status, reason]);
    if (status === 401) expect(answered.challenge).toMatch(/^Bearer error="invalid_token", /);
  });

  it("asks nothing new about groups, and the token still tells them", async () => {
    const staff = permitRule({ id: "staff", groups: ["staff"] });
    const { gateway, token } = await edit(
      [staff],
      [staff, denyRule({ clients: ["another"], groups: ["x"] })],
      ["staff"],
    );
    expect((await gateway.call({ token })).status).toBe(200);
  });

  it("does not disturb who needs no new fact", async () => {
    const analysts = permitRule({ id: "analysts", groups: ["analysts"] });
    const { gateway, token } = await edit([permitRule()], [permitRule(), analysts], []);
    expect((await gateway.call({ token })).status).toBe(200);
  });
});

it("a token that does not say whose it is is asked for anew", async () => {
  const upstream = stubUpstream();
  const gateway = await TestGateway.start();
  for (const sub_id of [undefined, {}, { iss: "https://idp.example.com" }, { sub: "ada" }]) {
    expect((await gateway.call({ token: await gateway.token({ sub_id }) })).status).toBe(401);
  }
  expect(new Set(reasonsOf(gateway))).toEqual(new Set(["token_outdated"]));
  expect(upstream.sent).toEqual([]);
});

it("a list is a call like any other", async () => {
  stubUpstream();
  const gateway = await TestGateway.start({ rules: [permitRule({ calls: { prompts: "any" } })] });
  expect((await gateway.call({ message: LIST_TOOLS })).status).toBe(403);
});

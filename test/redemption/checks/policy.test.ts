import { describe, expect, it, vi } from "vitest";
import { policy } from "../../../src/redemption/checks/policy.ts";
import { denyRule, IDP, type Members, permitRule, RESOURCE } from "../../support/documents.ts";
import { makeClient, makeIdJag, makePolicy, makeResource, NOW, reasonOf } from "../../support/redemption.ts";

interface Case {
  readonly rules: readonly Members[] | null;
  readonly resource?: Members;
  readonly actor?: string;
}

async function check({ rules, resource = {}, actor }: Case) {
  const findPolicy = vi.fn(async (_organization: string) =>
    rules === null ? null : { document: makePolicy({ rules }), revision: "revision-1" },
  );
  const known = {
    client: makeClient(),
    idJag: makeIdJag({ actor: actor === undefined ? null : { sub: actor, iss: null, claim: {} } }),
    nowSeconds: NOW,
    proof: null,
    organization: "acme",
    idpTenant: "tenant-a",
    subject: { issuer: IDP, tenant: "tenant-a", sub: "user-ada", account: null, principal: "usr_ada" },
    resource: makeResource(resource),
    admissibleScope: new Set(["files:read", "files:write"]),
    admissibleDetails: [],
  };
  const gives = await policy(known, { findPolicy });
  expect(findPolicy).toHaveBeenCalledExactlyOnceWith("acme");
  return gives;
}

describe("policy", () => {
  it("gives what the rules permit, and by which of them and which revision", async () => {
    expect(await check({ rules: [permitRule({ scopes: ["files:read"] })] })).toEqual({
      grantedScope: new Set(["files:read"]),
      grantedDetails: [],
      tokenLifetimeSeconds: 300,
      policyRules: ["agent-reads-files"],
      policyRevision: "revision-1",
      policyFacts: { groups: [], emailDomain: null, asked: null },
      judged: expect.objectContaining({ groups: [], other_groups: false, proved_key: false }),
    });
  });

  it.each<[string, Case, number]>([
    ["the rule's", { rules: [permitRule({ token_lifetime_seconds: 60 })] }, 60],
    [
      "the resource's, when it is shorter",
      { rules: [permitRule({ token_lifetime_seconds: 60 })], resource: { token_lifetime_seconds: 30 } },
      30,
    ],
    [
      "the default, when the resource would allow more",
      { rules: [permitRule()], resource: { token_lifetime_seconds: 3600 } },
      300,
    ],
    [
      "what both allow",
      { rules: [permitRule({ token_lifetime_seconds: 3600 })], resource: { token_lifetime_seconds: 3600 } },
      3600,
    ],
  ])("takes for the token's lifetime %s", async (_what, given, seconds) => {
    expect((await check(given)).tokenLifetimeSeconds).toBe(seconds);
  });

  it.each<[string, Members]>([
    ["issuer", { issuers: [IDP] }],
    ["tenant", { tenants: ["tenant-a"] }],
    ["client", { clients: ["agent"] }],
    ["resource", { resources: [RESOURCE] }],
    ["subject, by its name at the issuer", { subjects: ["user-ada"] }],
  ])("lets a rule select by %s", async (_what, selector) => {
    expect(await reasonOf(() => check({ rules: [permitRule(selector)] }))).toBe("accepted");
  });

  it("lets a rule select by actor", async () => {
    const rules = [permitRule({ actors: ["agent-7"] })];
    expect(await reasonOf(() => check({ rules, actor: "agent-7" }))).toBe("accepted");
    expect(await reasonOf(() => check({ rules, actor: "agent-8" }))).toBe("policy_no_rule");
    expect(await reasonOf(() => check({ rules }))).toBe("policy_no_rule");
  });

  it.each<[string, Case["rules"], string]>([
    ["everything where there is no policy", null, "policy_absent"],
    ["everything where there are no rules", [], "policy_no_rule"],
    ["another client", [permitRule({ clients: ["another"] })], "policy_no_rule"],
    ["everybody where the list of clients is empty", [permitRule({ clients: [] })], "policy_no_rule"],
    ["another issuer's users", [permitRule({ issuers: ["https://other.example.com"] })], "policy_no_rule"],
    ["another tenant's users", [permitRule({ tenants: ["tenant-b"] })], "policy_no_rule"],
    ["another subject", [permitRule({ subjects: ["user-bob"] })], "policy_no_rule"],
    ["our own name for a subject in place of the issuer's", [permitRule({ subjects: ["usr_ada"] })], "policy_no_rule"],
    ["what a rule denies, though another permits it", [permitRule(), denyRule()], "policy_denied"],
    ["scopes that no rule permits", [permitRule({ scopes: ["files:delete"] })], "policy_scope"],
    ["every scope where the list of scopes is empty", [permitRule({ scopes: [] })], "policy_scope"],
  ])("refuses %s", async (_what, rules, reason) => {
    expect(await reasonOf(() => check({ rules }))).toBe(reason);
  });
});

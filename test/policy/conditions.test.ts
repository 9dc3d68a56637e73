import { describe, expect, it } from "vitest";
import { decide, type PolicyDecision } from "../../src/policy/decide.ts";
import { compileCallExpression, compileExpression } from "../../src/policy/expression.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { denyRule, IDP, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z") / 1000;
const REQUEST: PolicyRequest = {
  issuer: IDP,
  idpTenant: null,
  clientId: "agent",
  resource: RESOURCE,
  subject: "ada",
  groups: new Set(["engineers", "on-call"]),
  emailDomain: "acme.example",
  actor: null,
  acr: "mfa",
  amr: new Set(["pwd", "otp"]),
  authTimeSeconds: NOW - 600,
  nowSeconds: NOW,
  isKeyBound: false,
  scope: new Set(["files:read", "files:write"]),
  authorizationDetailsTypes: new Set(),
};

function decideBy(rules: readonly Members[], change: Partial<PolicyRequest> = {}): PolicyDecision {
  return decide(makePolicy({ rules }), { ...REQUEST, ...change });
}

describe("a rule's conditions", () => {
  it.each<[string, Members, Partial<PolicyRequest>, boolean]>([
    ["a group the subject is in", { groups: ["on-call"] }, {}, true],
    ["groups the subject is not in", { groups: ["admins", "finance"] }, {}, false],
    ["a group, of nobody in any", { groups: ["on-call"] }, { groups: new Set() }, false],
    ["no group at all", { groups: [] }, {}, false],
    ["any group, of nobody in any", { groups: "any" }, { groups: new Set() }, true],
    ["a domain", { email_domains: ["acme.example"] }, {}, true],
    ["another domain", { email_domains: ["other.example"] }, {}, false],
    [
      "a domain, of an address that nobody vouches for",
      { email_domains: ["acme.example"] },
      { emailDomain: null },
      false,
    ],
    ["a method", { amr: ["otp", "hwk"] }, {}, true],
    ["another method", { amr: ["hwk"] }, {}, false],
    ["a time that has come", { not_before: "2026-11-21T12:00:00Z" }, {}, true],
    ["a time to come", { not_before: "2026-11-21T13:00:01+01:00" }, {}, false],
    ["a time not over", { not_after: "2026-11-21T12:00:01Z" }, {}, true],
    ["a time that is over", { not_after: "2026-11-21T12:00:00Z" }, {}, false],
    [
      "an expression that is true",
      { condition: 'groups.exists(g, g.startsWith("eng")) && email_domain == "acme.example"' },
      {},
      true,
    ],
    ["an expression that is false", { condition: 'subject == "eve"' }, {}, false],
  ])("hold for %s", (_what, conditions, change, matches) => {
    expect(decideBy([permitRule(conditions)], change).effect).toBe(matches ? "permit" : "deny");
    expect(decideBy([permitRule(), denyRule(conditions)], change).effect).toBe(matches ? "deny" : "permit");
  });

  it("deny with the rule's name when an expression fails to evaluate, whoever else permits", () => {
    const failing = permitRule({ id: "fails", condition: 'groups[7] == "engineers"' });
    expect(decideBy([permitRule(), failing])).toMatchObject({
      effect: "deny",
      cause: "condition_failed",
      rule: "fails",
    });
  });

  it("are not evaluated where a list already says no, so that an error there touches nobody else", () => {
    const failing = permitRule({ id: "fails", clients: ["other"], condition: 'groups[7] == "engineers"' });
    expect(decideBy([permitRule(), failing]).effect).toBe("permit");
  });
});

describe("step-up (RFC 9470) [SU-02]", () => {
  it.each<[string, Members, Partial<PolicyRequest>, Members]>([
    ["acr", { acr: ["phr", "phrh"] }, {}, { acrValues: ["phr", "phrh"], maximumAgeSeconds: null }],
    ["an acr that is absent", { acr: ["mfa"] }, { acr: null }, { acrValues: ["mfa"], maximumAgeSeconds: null }],
    ["age", { maximum_authentication_age_seconds: 300 }, {}, { acrValues: [], maximumAgeSeconds: 300 }],
    [
      "an age unknown",
      { maximum_authentication_age_seconds: 900 },
      { authTimeSeconds: null },
      { acrValues: [], maximumAgeSeconds: 900 },
    ],
  ])("is asked for where only %s is missing", (_what, demands, change, stepUp) => {
    const decision = decideBy([permitRule(demands)], change);
    expect(decision).toEqual({
      effect: "deny",
      cause: "authentication_insufficient",
      rule: "agent-reads-files",
      stepUp,
    });
  });

  it.each<[string, readonly Members[], string]>([
    ["a deny would still win", [permitRule({ acr: ["phr"] }), denyRule()], "denied_by_rule"],
    ["the client would still not match", [permitRule({ acr: ["phr"], clients: ["other"] })], "no_rule_permits"],
    ["no scope would be left", [permitRule({ acr: ["phr"], scopes: ["files:delete"] })], "scope_not_permitted"],
  ])("is not asked for where %s", (_what, rules, cause) => {
    expect(decideBy(rules)).toMatchObject({ effect: "deny", cause, stepUp: null });
  });

  it("is not asked for where another rule permits without it", () => {
    const decision = decideBy([permitRule({ acr: ["phr"] }), permitRule({ id: "plain", scopes: ["files:read"] })]);
    expect(decision).toMatchObject({ effect: "permit", rules: ["plain"], scope: new Set(["files:read"]) });
  });

  it("holds when it was met", () => {
    expect(decideBy([permitRule({ acr: ["mfa"], maximum_authentication_age_seconds: 600 })]).effect).toBe("permit");
  });
});

describe("an obligation to prove possession", () => {
  it("is told as such, and permits once it is met", () => {
    const rules = [permitRule({ dpop_required: true })];
    expect(decideBy(rules)).toMatchObject({ effect: "deny", cause: "key_binding_required" });
    expect(decideBy(rules, { isKeyBound: true }).effect).toBe("permit");
  });
});

describe("compileExpression", () => {
  it.each([
    ["does not parse", "client ==", /./],
    ["names what there is not", 'password == "x"', /password/],
    ["is not true or false", "client", /string/],
    ["compares unlike things", "client == 1", /./],
    ["uses a regular expression, which could be made to backtrack", 'client.matches("(a+)+$")', /matches/],
    ["is longer than any person reads", `client == "${"a".repeat(5000)}"`, /longer/],
  ])("refuses what %s", (_what, text, flaw) => {
    expect(compileExpression(text)).toMatchObject({ flaw: expect.stringMatching(flaw) });
  });
});

describe("an expression about a call", () => {
  const flawOf = (text: string): string => {
    const compiled = compileCallExpression(text);
    return typeof compiled === "function" ? "" : compiled.flaw;
  };

  it("may look at the call, which one about a token may not", () => {
    for (const text of ['method == "tools/call"', 'name == "pay"', "arguments.amount < 10", 'subject == "ada"']) {
      expect(flawOf(text)).toBe("");
    }
    expect(compileExpression("arguments.amount < 10")).toMatchObject({
      flaw: expect.stringContaining("arguments") as string,
    });
  });

  it.each([
    "arguments.list.all(a, arguments.list.exists(b, a == b))",
    "arguments.list.map(a, arguments.list.filter(b, b > a)).size() > 0",
    "arguments.list.exists(a, a.list.exists_one(b, b == 1))",
  ])("may not loop over its arguments within a loop, which would multiply: %s", (text) => {
    expect(flawOf(text)).toContain("within one another");
  });

  it.each([
    "arguments.list.filter(a, a > 1).all(b, b < 5)",
    "arguments.a.all(x, x > 1) && arguments.b.exists(y, y > 1)",
  ])("may loop again after a loop: %s", (text) => {
    expect(flawOf(text)).toBe("");
  });

  it("may use no regular expression, which the caller's text could make slow", () => {
    expect(flawOf('name.matches("(a+)+$")')).toContain("matches()");
  });
});

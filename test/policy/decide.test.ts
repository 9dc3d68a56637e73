import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, nameableResources, type PolicyDecision } from "../../src/policy/decide.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import type { Policy, Rule } from "../../src/policy/policy.ts";
import { formatScope } from "../../src/policy/scope.ts";
import { denyRule, IDP, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { policyRequest } from "../support/policy-request.ts";
import { makePolicy } from "../support/redemption.ts";

const REQUEST = policyRequest({
  idpTenant: "tenant-a",
  actor: "agent-7",
  groups: new Set(["engineers"]),
  scope: new Set(["files:read", "files:write"]),
});

function decideBy(rules: readonly Members[], change: Partial<PolicyRequest> = {}): PolicyDecision {
  return decide(makePolicy({ rules }), { ...REQUEST, ...change });
}

/** Few values, so that rules and requests meet often. */
const name = fc.constantFrom("a", "b", "c");
const selector = fc.oneof(fc.constant("any" as const), fc.array(name, { maxLength: 3 }));
const conditions = {
  id: fc.string({ unit: fc.constantFrom(..."abcdefghij0123456789".split("")), minLength: 4, maxLength: 10 }),
  clients: selector,
  resources: selector,
};
const narrowing = {
  issuers: selector,
  tenants: selector,
  subjects: selector,
  actors: selector,
  groups: selector,
  email_domains: selector,
  amr: selector,
  condition: fc.constantFrom('client == "a"', '"b" in groups', 'scope[1] == "c"'),
};
const permit = fc.record(
  {
    ...conditions,
    ...narrowing,
    effect: fc.constant("permit"),
    scopes: selector,
    authorization_details_types: selector,
    token_lifetime_seconds: fc.integer({ min: 1, max: 3600 }),
  },
  { requiredKeys: ["id", "clients", "resources", "effect", "scopes"] },
);
const deny = fc.record(
  { ...conditions, ...narrowing, effect: fc.constant("deny"), authorization_details_types: selector },
  { requiredKeys: ["id", "clients", "resources", "effect"] },
);
const permits = fc.uniqueArray(permit, { maxLength: 6, selector: (rule) => rule.id });
const rules = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: permit }, { weight: 1, arbitrary: deny }), {
  maxLength: 6,
  selector: (rule) => rule.id,
});
const request: fc.Arbitrary<PolicyRequest> = fc.record({
  issuer: name,
  idpTenant: fc.option(name),
  clientId: name,
  resource: name,
  subject: name,
  actor: fc.option(name),
  groups: fc.uniqueArray(name).map((groups) => new Set(groups)),
  emailDomain: fc.option(name),
  acr: fc.option(name),
  amr: fc.uniqueArray(name).map((methods) => new Set(methods)),
  authTimeSeconds: fc.option(fc.integer({ min: 0, max: 100 })),
  nowSeconds: fc.constant(100),
  isKeyBound: fc.boolean(),
  scope: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map((tokens) => new Set(tokens)),
  authorizationDetailsTypes: fc.uniqueArray(name, { maxLength: 2 }).map((types) => new Set(types)),
});

function policyOf(list: readonly Members[]): Policy {
  return makePolicy({ rules: list });
}

function scopeOf(rule: Rule, asked: ReadonlySet<string>): readonly string[] {
  if (rule.effect === "deny") return [];
  const { scopes } = rule;
  return [...asked].filter((token) => scopes === "any" || scopes.has(token));
}

function detailsOf(rule: Rule, asked: ReadonlySet<string>): readonly string[] {
  const { authorization_details_types: types } = rule;
  if (rule.effect === "deny" || types === undefined) return [];
  return [...asked].filter((type) => types === "any" || types.has(type));
}

describe("decide", () => {
  it("permits what was asked for and is permitted, and says by which rules", () => {
    expect(
      decideBy([
        permitRule({ id: "b", scopes: ["files:read"] }),
        permitRule({ id: "a", scopes: ["files:write", "admin"] }),
      ]),
    ).toEqual({
      effect: "permit",
      rules: ["a", "b"],
      scope: new Set(["files:read", "files:write"]),
      authorizationDetailsTypes: new Set(),
      tokenLifetimeSeconds: 300,
    });
  });

  it("does not name rules that permit nothing of what was asked for, nor take their lifetime", () => {
    const idle = permitRule({ id: "idle", scopes: ["admin"], token_lifetime_seconds: 1 });
    expect(decideBy([permitRule(), idle])).toMatchObject({ rules: ["agent-reads-files"], tokenLifetimeSeconds: 300 });
  });

  it.each<[string, readonly (number | undefined)[], number]>([
    ["that of its rule", [60], 60],
    ["the shortest of its rules'", [900, 60, 600], 60],
    ["the default, where no rule states one", [undefined], 300],
    ["the default, where it is shorter than what another rule states", [900, undefined], 300],
  ])("gives a token %s for its lifetime", (_what, lifetimes, seconds) => {
    const list = lifetimes.map((lifetime, index) => permitRule({ id: `r${index}`, token_lifetime_seconds: lifetime }));
    expect(decideBy(list)).toMatchObject({ effect: "permit", tokenLifetimeSeconds: seconds });
  });

  it.each<[string, readonly Members[], PolicyDecision]>([
    ["where there is no rule", [], { effect: "deny", rule: null, cause: "no_rule_permits", stepUp: null }],
    [
      "where no rule matches",
      [permitRule({ clients: ["another"] })],
      { effect: "deny", rule: null, cause: "no_rule_permits", stepUp: null },
    ],
    [
      "where none permits the scope",
      [permitRule({ scopes: ["admin"] })],
      { effect: "deny", rule: null, cause: "scope_not_permitted", stepUp: null },
    ],
    [
      "where one rule denies",
      [permitRule(), denyRule({ id: "no" })],
      { effect: "deny", rule: "no", cause: "denied_by_rule", stepUp: null },
    ],
    [
      "and names the first of several denials",
      [denyRule({ id: "z" }), denyRule({ id: "y" })],
      { effect: "deny", rule: "y", cause: "denied_by_rule", stepUp: null },
    ],
  ])("denies %s", (_what, list, decision) => {
    expect(decideBy(list)).toEqual(decision);
  });

  const SELECTORS = [
    ["clients", "agent", "clientId"],
    ["resources", RESOURCE, "resource"],
    ["issuers", IDP, "issuer"],
    ["tenants", "tenant-a", "idpTenant"],
    ["subjects", "user-ada", "subject"],
    ["actors", "agent-7", "actor"],
  ] as const;

  it.each(SELECTORS)("%s: a permit needs the value to be named, and an empty list names nothing", (member, value) => {
    expect(decideBy([permitRule({ [member]: [value] })]).effect).toBe("permit");
    expect(decideBy([permitRule({ [member]: ["else", value] })]).effect).toBe("permit");
    expect(decideBy([permitRule({ [member]: "any" })]).effect).toBe("permit");
    expect(decideBy([permitRule({ [member]: ["else"] })]).effect).toBe("deny");
    expect(decideBy([permitRule({ [member]: [] })]).effect).toBe("deny");
    expect(
      decideBy([
        permitRule({ [member]: [`${value}/`, value.toUpperCase(), value.slice(0, -1), "*", `${value.slice(0, 2)}*`] }),
      ]).effect,
    ).toBe("deny");
  });

  it.each(SELECTORS)("%s: a denial strikes what it names and nothing else", (member, value) => {
    expect(decideBy([permitRule(), denyRule({ [member]: [value] })]).effect).toBe("deny");
    expect(decideBy([permitRule(), denyRule({ [member]: ["else"] })]).effect).toBe("permit");
    expect(decideBy([permitRule(), denyRule({ [member]: [] })]).effect).toBe("permit");
  });

  it.each([
    ["tenants", { idpTenant: null }],
    ["actors", { actor: null }],
  ] as const)("%s: a value that is absent is selected by any alone", (member, change) => {
    expect(decideBy([permitRule({ [member]: ["tenant-a", "agent-7", "null"] })], change).effect).toBe("deny");
    expect(decideBy([permitRule({ [member]: "any" })], change).effect).toBe("permit");
    expect(decideBy([permitRule()], change).effect).toBe("permit");
  });

  it("grants a subset of what is asked for and of what the matching permits name (H01)", () => {
    fc.assert(
      fc.property(rules, request, (list, asked) => {
        const policy = policyOf(list);
        const decision = decide(policy, asked);
        if (decision.effect === "deny") return;
        const named = policy.rules.filter((rule) => decision.rules.includes(rule.id));
        expect([...asked.scope]).toEqual(expect.arrayContaining([...decision.scope]));
        expect(new Set(named.flatMap((rule) => scopeOf(rule, asked.scope)))).toEqual(decision.scope);
        expect(decision.scope.size).toBeGreaterThan(0);
        expect(decision.authorizationDetailsTypes.isSubsetOf(asked.authorizationDetailsTypes)).toBe(true);
        expect(new Set(named.flatMap((rule) => detailsOf(rule, asked.authorizationDetailsTypes)))).toEqual(
          decision.authorizationDetailsTypes,
        );
        expect(decision.authorizationDetailsTypes.size > 0).toBe(asked.authorizationDetailsTypes.size > 0);
        const alone = { ...asked, authorizationDetailsTypes: new Set<string>() };
        expect(named.every((rule) => decide({ ...policy, rules: [rule] }, alone).effect === "permit")).toBe(true);
      }),
      { seed: 8, numRuns: 2000 },
    );
  });

  it("never grants more when a denial is added", () => {
    fc.assert(
      fc.property(permits, deny, request, (list, denial, asked) => {
        const before = decide(policyOf(list), asked);
        const after = decide(policyOf([...list, { ...denial, id: "_added" }]), asked);
        expect(after.effect === "deny" ? before : after).toEqual(before);
      }),
      { seed: 9, numRuns: 2000 },
    );
  });

  it("never grants less when a permit is added, except in lifetime", () => {
    fc.assert(
      fc.property(rules, permit, request, (list, added, asked) => {
        const before = decide(policyOf(list), asked);
        const after = decide(policyOf([...list, { ...added, id: "_added" }]), asked);
        if (before.effect === "deny") return;
        // A condition that cannot be evaluated denies, in whichever rule it stands.
        if (after.effect === "deny" && after.cause === "condition_failed") return;
        if (after.effect === "deny") throw new Error("a permit took away");
        expect([...after.scope]).toEqual(expect.arrayContaining([...before.scope]));
        expect(before.authorizationDetailsTypes.isSubsetOf(after.authorizationDetailsTypes)).toBe(true);
        expect(after.tokenLifetimeSeconds).toBeLessThanOrEqual(before.tokenLifetimeSeconds);
      }),
      { seed: 10, numRuns: 2000 },
    );
  });

  it("decides alike in whatever order the rules stand (H05)", () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const spelled = (decision: PolicyDecision) =>
      decision.effect === "permit"
        ? {
            ...decision,
            scope: formatScope(decision.scope),
            authorizationDetailsTypes: [...decision.authorizationDetailsTypes].toSorted(),
          }
        : decision;
    fc.assert(
      fc.property(shuffled, request, ([list, reordered], asked) => {
        expect(spelled(decide(policyOf(reordered), asked))).toEqual(spelled(decide(policyOf(list), asked)));
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  it("lets an empty list select nothing, whatever the rest of the rule says (H03)", () => {
    const member = fc.constantFrom("clients", "resources", "issuers", "tenants", "subjects", "actors", "scopes");
    fc.assert(
      fc.property(permit, member, request, (rule, emptied, asked) => {
        expect(decide(policyOf([{ ...rule, [emptied]: [] }]), asked).effect).toBe("deny");
      }),
      { seed: 12, numRuns: 1000 },
    );
  });

  it("grants all that is asked for where nothing is a condition, and so at least what any rule grants", () => {
    fc.assert(
      fc.property(permit, request, (rule, asked) => {
        if (decide(policyOf([rule]), asked).effect === "deny") return;
        const any = { clients: "any", resources: "any", scopes: "any", authorization_details_types: "any" };
        const open = { id: rule.id, effect: "permit", ...any };
        const all = { scope: asked.scope, authorizationDetailsTypes: asked.authorizationDetailsTypes };
        expect(decide(policyOf([open]), asked)).toMatchObject({ effect: "permit", ...all });
      }),
      { seed: 13, numRuns: 1000 },
    );
  });
});

describe("authorization_details", () => {
  const PAYMENT = { authorizationDetailsTypes: new Set(["payment"]) };
  const BOTH = { authorizationDetailsTypes: new Set(["payment", "refund"]) };

  it.each<[string, Members, Partial<PolicyRequest>, readonly string[] | "deny"]>([
    [
      "are granted by the rule that names their type",
      { authorization_details_types: ["payment"] },
      PAYMENT,
      ["payment"],
    ],
    ["are granted by any", { authorization_details_types: "any" }, BOTH, ["payment", "refund"]],
    ["are left out where their type is not named", { authorization_details_types: ["refund"] }, BOTH, ["refund"]],
    ["are refused where that leaves none", { authorization_details_types: ["refund"] }, PAYMENT, "deny"],
    ["are refused by a rule that says nothing of them", {}, PAYMENT, "deny"],
    ["are refused by an empty list", { authorization_details_types: [] }, PAYMENT, "deny"],
    ["that nobody asks for are not granted", { authorization_details_types: "any" }, {}, []],
  ])("%s", (_what, rule, change, expected) => {
    const decision = decideBy([permitRule(rule)], change);
    if (decision.effect === "permit") expect([...decision.authorizationDetailsTypes].toSorted()).toEqual(expected);
    else expect([expected, decision.cause]).toEqual(["deny", "details_not_permitted"]);
  });

  it("come from no rule that grants none of the scopes asked for", () => {
    const idle = permitRule({ id: "idle", scopes: ["admin"], authorization_details_types: "any" });
    expect(decideBy([permitRule(), idle], PAYMENT)).toMatchObject({ effect: "deny", cause: "details_not_permitted" });
  });

  it("are what a denial may select", () => {
    const list = [
      permitRule({ authorization_details_types: "any" }),
      denyRule({ authorization_details_types: ["refund"] }),
    ];
    expect(decideBy(list, PAYMENT).effect).toBe("permit");
    expect(decideBy(list, {}).effect).toBe("permit");
    expect(decideBy(list, BOTH)).toMatchObject({ effect: "deny", cause: "denied_by_rule" });
  });
});

describe("nameableResources", () => {
  it.each<[string, readonly Members[], readonly string[]]>([
    ["none where there are no rules", [], []],
    ["those that permits for this client name", [permitRule({ resources: ["r1", "r2"] })], ["r1", "r2"]],
    ["those that permits for any client name", [permitRule({ clients: "any", resources: ["r1"] })], ["r1"]],
    ["each once", [permitRule({ resources: ["r1"] }), permitRule({ id: "2", resources: ["r1"] })], ["r1"]],
    ["none that is for another client", [permitRule({ clients: ["another"] })], []],
    ["none by any, which names none", [permitRule({ resources: "any" })], []],
    ["none that a denial names", [denyRule({ clients: ["agent"], resources: ["r1"] })], []],
  ])("are %s", (_what, list, expected) => {
    expect([...nameableResources(policyOf(list), "agent")]).toEqual(expected);
  });
});

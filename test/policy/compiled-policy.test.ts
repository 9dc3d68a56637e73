import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/policy/compiled-policy.ts";
import { type CallRequest, decideCall } from "../../src/policy/decide-call.ts";
import { decide } from "../../src/policy/decide.ts";
import { kindOf } from "../../src/policy/operation.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { type Members, permitRule } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

describe("compile", () => {
  it("compiles a policy once: every decision by a revision rests on the same rules and the same index", () => {
    const policy = makePolicy({ rules: [permitRule()] });
    const first = compile(policy);
    expect(compile(policy)).toBe(first);
    expect(compile(makePolicy({ rules: [permitRule()] }))).not.toBe(first);
  });
});

const name = fc.constantFrom("a", "b", "c");
const selector = fc.oneof(fc.constant("any" as const), fc.uniqueArray(name, { maxLength: 3 }));
const clients = fc.oneof(selector, fc.constant(["https://a.example/*", "b"]));
const patterns = fc.constantFrom("any" as const, ["a"], ["a*", "b"]);
const calls = fc.record(
  {
    methods: fc.constantFrom(["tools/call"], ["tools/*"]),
    tools: patterns,
    resources: patterns,
    condition: fc.constantFrom("arguments.amount <= 10", '"b" in groups', 'arguments.paths.all(p, p == "x")'),
  },
  { requiredKeys: [] },
);
const id = fc.string({ unit: fc.constantFrom(..."abcdefghij0123456789".split("")), minLength: 5, maxLength: 9 });
const narrowing = {
  subjects: selector,
  groups: selector,
  issuers: selector,
  email_domains: selector,
  amr: selector,
  actors: selector,
  // The second fails on most requests.
  condition: fc.constantFrom('client == "a"', 'groups[1] == "c"', 'groups.exists(g, g == "b")'),
  calls,
};
const requiredKeys = ["id", "clients", "resources", "effect"] as const;
const permit = fc.record(
  {
    id,
    clients,
    resources: selector,
    ...narrowing,
    effect: fc.constant("permit"),
    scopes: selector,
    acr: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
    dpop_required: fc.boolean(),
    token_lifetime_seconds: fc.integer({ min: 1, max: 900 }),
  },
  { requiredKeys: [...requiredKeys, "scopes"] },
);
const deny = fc.record(
  { id, clients, resources: selector, ...narrowing, effect: fc.constant("deny") },
  { requiredKeys: [...requiredKeys] },
);
const rules = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: permit }, { weight: 1, arbitrary: deny }), {
  minLength: 1,
  maxLength: 8,
  selector: (rule) => rule.id,
});
const names = fc.uniqueArray(name, { maxLength: 3 }).map((list) => new Set(list));
const request: fc.Arbitrary<PolicyRequest> = fc.record({
  issuer: name,
  idpTenant: fc.constant(null),
  clientId: fc.oneof(name, fc.constant("https://a.example/x")),
  resource: name,
  subject: name,
  groups: names,
  emailDomain: fc.option(name),
  actor: fc.option(name),
  acr: fc.option(name),
  amr: names,
  authTimeSeconds: fc.constant(null),
  nowSeconds: fc.constant(100),
  isKeyBound: fc.boolean(),
  scope: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map((list) => new Set(list)),
  authorizationDetailsTypes: fc.constant(new Set<string>()),
});
const operation = fc
  .record({
    method: fc.constantFrom("tools/call", "resources/read", "tools/list"),
    name,
    arguments: fc.constantFrom(null, {}, { amount: 5 }, { amount: "much" }, { paths: ["x"] }),
  })
  .map((one) => ({ ...one, kind: kindOf(one.method) }));
const call: fc.Arbitrary<CallRequest> = fc.record({
  request,
  operation: fc.option(operation),
  coveringScopes: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
  isFactsComplete: fc.boolean(),
});

/** The same rules, all of which are asked about every request. */
function withoutIndex(list: readonly Members[]): Policy {
  const policy = makePolicy({ rules: list });
  const { denies, permits, denyIndex, permitIndex } = compile(policy);
  denyIndex.candidates = () => denies;
  permitIndex.candidates = () => permits;
  return policy;
}

describe("the index of a policy's rules", () => {
  it("changes no decision about a token or a call in 10,000 random cases", { timeout: 60_000 }, () => {
    const oncePerPolicy = 10;
    const cases = fc.tuple(rules, fc.array(call, { minLength: oncePerPolicy, maxLength: oncePerPolicy }));
    const decided = new Set<string>();
    fc.assert(
      fc.property(cases, ([list, asked]) => {
        const [indexed, plain] = [makePolicy({ rules: list }), withoutIndex(list)];
        for (const each of asked) {
          const [token, answer] = [decide(indexed, each.request), decideCall(indexed, each)];
          expect(token).toEqual(decide(plain, each.request));
          expect(answer).toEqual(decideCall(plain, each));
          for (const one of [token, answer]) decided.add("cause" in one ? one.cause : one.effect);
        }
      }),
      { seed: 31, numRuns: 1000 },
    );
    expect([...decided]).toEqual(
      expect.arrayContaining([
        "permit",
        "lacking",
        "denied_by_rule",
        "condition_failed",
        "no_rule_permits",
        "facts_incomplete",
      ]),
    );
  });
});

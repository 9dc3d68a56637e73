import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { explain } from "../../src/policy/explain.ts";
import { makePolicy } from "../support/redemption.ts";

const name = fc.constantFrom("a", "b", "c");
const selector = fc.oneof(fc.constant("any" as const), fc.array(name, { maxLength: 3 }));
const shared = {
  id: fc.string({ unit: fc.constantFrom(..."abcdefghij0123456789".split("")), minLength: 6, maxLength: 10 }),
  clients: selector,
  resources: selector,
};
const narrowing = { groups: selector, amr: selector, condition: fc.constantFrom('client == "a"', 'groups[1] == "c"') };
const requiredKeys = ["id", "clients", "resources", "effect"] as const;
const permit = fc.record(
  {
    ...shared,
    ...narrowing,
    effect: fc.constant("permit"),
    scopes: selector,
    acr: fc.array(name, { minLength: 1, maxLength: 2 }),
    dpop_required: fc.boolean(),
  },
  { requiredKeys: [...requiredKeys, "scopes"] },
);
const deny = fc.record({ ...shared, ...narrowing, effect: fc.constant("deny") }, { requiredKeys: [...requiredKeys] });
const rules = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: permit }, { weight: 1, arbitrary: deny }), {
  maxLength: 5,
  selector: (rule) => rule.id,
});
const names = fc.uniqueArray(name, { maxLength: 3 }).map((list) => new Set(list));
const request: fc.Arbitrary<PolicyRequest> = fc.record({
  issuer: name,
  idpTenant: fc.option(name),
  clientId: name,
  resource: name,
  subject: name,
  groups: names,
  emailDomain: fc.constant(null),
  actor: fc.option(name),
  acr: fc.option(name),
  amr: names,
  authTimeSeconds: fc.constant(null),
  nowSeconds: fc.constant(100),
  isKeyBound: fc.boolean(),
  scope: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map((list) => new Set(list)),
  authorizationDetailsTypes: fc.uniqueArray(name, { maxLength: 2 }).map((types) => new Set(types)),
});

describe("explain", () => {
  it("agrees with the decision in 100,000 random cases: who applies is who decided", { timeout: 60_000 }, () => {
    const oncePerPolicy = 20;
    const cases = fc.tuple(rules, fc.array(request, { minLength: oncePerPolicy, maxLength: oncePerPolicy }));
    fc.assert(
      fc.property(cases, ([list, requests]) => {
        const policy = makePolicy({ rules: list });
        for (const asked of requests) agree(explain(policy, asked));
      }),
      { seed: 12, numRuns: 5000 },
    );
  });
});

function agree({ decision, rules: outcomes }: ReturnType<typeof explain>): void {
  const applying = (effect: string): string[] =>
    outcomes.filter((rule) => rule.effect === effect && rule.applies).map(({ rule }) => rule);
  const failed = outcomes.some(({ conditions }) => conditions.some(({ outcome }) => outcome === "failed"));
  if (decision.effect === "permit") {
    expect(applying("deny")).toEqual([]);
    expect(applying("permit")).toEqual(expect.arrayContaining([...decision.rules]));
    return;
  }
  if (decision.cause === "denied_by_rule") expect(applying("deny")).toContain(decision.rule);
  else expect(applying("deny")).toEqual([]);
  if (decision.cause === "no_rule_permits" || decision.cause === "authentication_insufficient") {
    expect(applying("permit").filter((rule) => rule === decision.rule)).toEqual([]);
  }
  if (decision.cause === "no_rule_permits") expect(applying("permit")).toEqual([]);
  if (decision.cause === "key_binding_required") expect(applying("permit")).toContain(decision.rule);
  if (decision.cause === "condition_failed") expect(failed).toBe(true);
}

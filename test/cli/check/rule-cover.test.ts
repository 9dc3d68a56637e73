import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, effectOf } from "../../../cli/check/rule-cover.ts";
import { conditionsOf } from "../../../src/policy/conditions.ts";
import type { Rule } from "../../../src/policy/policy.ts";
import type { PolicyRequest } from "../../../src/policy/policy-request.ts";
import { denyRule } from "../../support/documents.ts";
import { readTrustSet } from "../../../cli/trust-set.ts";
import { DEPLOYMENT, policyWith, stored } from "../acme-fixture.ts";

function parse(...rules: readonly Record<string, unknown>[]): readonly Rule[] {
  return readTrustSet(stored(policyWith(...rules)), DEPLOYMENT.rules).policy.get("acme")?.rules ?? [];
}

const name = fc.constantFrom("a", "b", "c");
const selector = fc.oneof(fc.constant("any"), fc.array(name, { maxLength: 3 }));
const instant = fc.constantFrom("1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z", "1970-01-01T00:03:00Z");
const client = fc.constantFrom("a", "https://b.example/x", "https://b.example/y/z");
const clients = fc.oneof(
  fc.constant("any"),
  fc.array(fc.oneof(client, fc.constantFrom("https://b.example/*", "https://b.example/y/*")), { maxLength: 3 }),
);
const rule = fc.record(
  {
    clients,
    resources: selector,
    groups: selector,
    tenants: selector,
    actors: selector,
    not_before: instant,
    not_after: instant,
    condition: fc.constantFrom('client == "a"', 'client == "b"'),
  },
  { requiredKeys: ["clients", "resources"] },
);
const request: fc.Arbitrary<PolicyRequest> = fc.record({
  issuer: name,
  idpTenant: fc.option(name),
  clientId: client,
  resource: name,
  subject: name,
  groups: fc.uniqueArray(name, { maxLength: 2 }).map((list) => new Set(list)),
  emailDomain: fc.constant(null),
  actor: fc.option(name),
  acr: fc.constant(null),
  amr: fc.constant(new Set<string>()),
  authTimeSeconds: fc.constant(null),
  nowSeconds: fc.constantFrom(30, 90, 150, 210),
  isKeyBound: fc.boolean(),
  scope: fc.constant(new Set(["a"])),
  authorizationDetailsTypes: fc.uniqueArray(name, { maxLength: 2 }).map((types) => new Set(types)),
});

describe("covers", () => {
  it("never says of a rule that it covers another that selects more", () => {
    fc.assert(
      fc.property(rule, rule, fc.array(request, { minLength: 30, maxLength: 30 }), (outer, inner, requests) => {
        const [wide, narrow] = parse(denyRule({ id: "wide", ...outer }), denyRule({ id: "narrow", ...inner }));
        if (wide === undefined || narrow === undefined) throw new Error("both parse");
        if (!covers(wide, narrow)) return;
        const applies = (one: Rule, asked: PolicyRequest) => conditionsOf(one).every(({ holds }) => holds(asked));
        expect(requests.filter((asked) => applies(narrow, asked) && !applies(wide, asked))).toEqual([]);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });

  it.each([
    ["any client", { clients: "any" }, { clients: ["a"] }, true],
    ["fewer clients", { clients: ["a"] }, { clients: ["a", "b"] }, false],
    ["a list against any", { clients: ["a"] }, { clients: "any" }, false],
    ["a family of the client", { clients: ["https://a.example/*"] }, { clients: ["https://a.example/x/y"] }, true],
    ["a wider family", { clients: ["https://a.example/*"] }, { clients: ["https://a.example/x/*"] }, true],
    ["a narrower family", { clients: ["https://a.example/x/*"] }, { clients: ["https://a.example/*"] }, false],
    ["a neighbour of the family", { clients: ["https://a.example/x/*"] }, { clients: ["https://a.example/xy"] }, false],
    ["a group spelt as a family", { groups: ["https://a.example/*"] }, { groups: ["https://a.example/x"] }, false],
    ["a condition more", { groups: ["a"] }, {}, false],
    ["a longer time", { not_after: "2028-01-01T00:00:00Z" }, { not_after: "2027-01-01T00:00:00Z" }, true],
    ["a shorter time", { not_before: "2027-01-01T00:00:00Z" }, {}, false],
    ["the same expression", { condition: 'acr == "x"' }, { condition: 'acr == "x"' }, true],
    ["another expression", { condition: 'acr == "x"' }, { condition: 'acr == "y"' }, false],
  ])("is asked about %s", (_what, outer, inner, expected) => {
    const [wide, narrow] = parse(denyRule({ id: "wide", ...outer }), denyRule({ id: "narrow", ...inner }));
    expect(wide !== undefined && narrow !== undefined && covers(wide, narrow)).toBe(expected);
  });
});

describe("effectOf", () => {
  it("leaves the name, the description and the order of lists out", () => {
    const [one, two, three] = parse(
      denyRule({ id: "one", clients: ["a", "b"] }),
      denyRule({ id: "two", clients: ["b", "a"], description: "the same" }),
      denyRule({ id: "three", clients: ["b"] }),
    );
    if (one === undefined || two === undefined || three === undefined) throw new Error("all parse");
    expect(effectOf(one)).toBe(effectOf(two));
    expect(effectOf(one)).not.toBe(effectOf(three));
  });
});

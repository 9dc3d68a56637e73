import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reason } from "../../src/audit/reason.ts";
import { denyRule, type Members, permitRule } from "../support/documents.ts";
import { makeClient, redeem, type Scenario } from "../support/redemption.ts";

/**
 * H01: the granted scope is what all of request, assertion, client, resource and policy agree on, against an oracle that
 * knows nothing of the code. Absent in the request means all that is asserted; absent in the assertion means nothing.
 */
const TOKENS = ["read", "write", "delete", "admin"] as const;
const subset = fc.subarray([...TOKENS]);
const anyOrSubset = fc.oneof(fc.constant("any" as const), subset);
const rule = fc.record({ forThisClient: fc.boolean(), scopes: anyOrSubset });

interface Case {
  readonly requested: readonly string[] | null;
  readonly asserted: readonly string[] | null;
  readonly policyDecides: boolean;
  readonly ceiling: "any" | readonly string[];
  readonly defined: readonly string[];
  readonly rules: readonly { readonly forThisClient: boolean; readonly scopes: "any" | readonly string[] }[];
  readonly denied: boolean;
  readonly actor: string | null;
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  requested: fc.option(fc.subarray([...TOKENS], { minLength: 1 })),
  asserted: fc.option(fc.subarray([...TOKENS], { minLength: 1 })),
  policyDecides: fc.boolean(),
  ceiling: anyOrSubset,
  defined: subset,
  rules: fc.array(rule, { maxLength: 3 }),
  denied: fc.nat({ max: 9 }).map((number) => number === 0),
  actor: fc.option(fc.constantFrom("admin", "agent")),
});

/** Twenty lines, token by token. */
function oracle(given: Case): Reason | readonly string[] {
  const holds = (list: "any" | readonly string[], token: string): boolean => list === "any" || list.includes(token);
  const admitted = TOKENS.filter((token) => {
    const byAssertion = given.asserted === null ? given.policyDecides : given.asserted.includes(token);
    const byRequest = given.requested === null || given.requested.includes(token);
    return byAssertion && byRequest && holds(given.ceiling, token) && given.defined.includes(token);
  });
  if (admitted.length === 0) return "scope_empty";
  if (given.denied) return "policy_denied";
  const matching = given.rules.filter((candidate) => candidate.forThisClient);
  if (matching.length === 0) return "policy_no_rule";
  const granted = admitted.filter((token) => matching.some((candidate) => holds(candidate.scopes, token)));
  return granted.length === 0 ? "policy_scope" : granted.toSorted();
}

function scenarioOf(given: Case): Scenario {
  const permits = given.rules.map(({ forThisClient, scopes }, index) =>
    permitRule({ id: `r${index}`, clients: [forThisClient ? "agent" : "another"], scopes }),
  );
  const scopes: Members = Object.fromEntries(given.defined.map((token) => [token, { description: token }]));
  return {
    claims: { scope: given.asserted?.join(" "), act: given.actor === null ? undefined : { sub: given.actor } },
    presented: { requestedScope: given.requested?.join(" ") ?? null, client: makeClient({ scopes: given.ceiling }) },
    documents: {
      idp: { scope_absent: given.policyDecides ? "policy_decides" : "refuse" },
      resource: { scopes },
      policy: { rules: [...permits, ...(given.denied ? [denyRule()] : [])] },
    },
  };
}

async function decide(given: Case): Promise<Reason | readonly string[]> {
  const { outcome, consumeAssertion } = await redeem(scenarioOf(given));
  expect(consumeAssertion).toHaveBeenCalledTimes(outcome.completed ? 1 : 0);
  return outcome.completed ? [...outcome.known.contents.scope].toSorted() : outcome.reason;
}

const OPEN: Case = {
  requested: null,
  asserted: [...TOKENS],
  policyDecides: false,
  ceiling: "any",
  defined: [...TOKENS],
  rules: [{ forThisClient: true, scopes: "any" }],
  denied: false,
  actor: null,
};

describe("the granted scope", () => {
  it("is what the oracle says, whatever is asked, asserted, registered, defined and permitted [JAG-R-25, JAG-R-24, A7521-03]", async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (given) => {
        expect(await decide(given)).toEqual(oracle(given));
      }),
      { seed: 17, numRuns: 400 },
    );
  });

  it.each<[string, Partial<Case>, Reason | readonly string[]]>([
    ["everything, when everybody agrees on everything", {}, ["admin", "delete", "read", "write"]],
    [
      "no more than was asserted, however much is asked",
      { asserted: ["read"], requested: ["read", "admin"] },
      ["read"],
    ],
    ["no more than the client is registered for", { ceiling: ["read"] }, ["read"]],
    ["no more than the resource defines", { defined: ["read"] }, ["read"]],
    ["no more than policy permits", { rules: [{ forThisClient: true, scopes: ["read"] }] }, ["read"]],
    ["nothing by a rule for another client", { rules: [{ forThisClient: false, scopes: "any" }] }, "policy_no_rule"],
    ["nothing without an asserted scope", { asserted: null }, "scope_empty"],
    [
      "nothing without an asserted scope, though one is asked for",
      { asserted: null, requested: ["read"] },
      "scope_empty",
    ],
    ["no more for an actor who is an administrator (B18)", { asserted: ["read"], actor: "admin" }, ["read"]],
  ])("is %s", async (_what, change, expected) => {
    const given = { ...OPEN, ...change };
    expect(await decide(given)).toEqual(expected);
    expect(oracle(given)).toEqual(expected);
  });
});

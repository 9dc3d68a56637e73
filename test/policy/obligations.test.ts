import { describe, expect, it } from "vitest";
import { decideCall } from "../../src/policy/decide-call.ts";
import type { Operation } from "../../src/policy/operation.ts";
import { policySchema } from "../../src/policy/policy.ts";
import { type Members, permitRule, policyDocument } from "../support/documents.ts";
import { policyRequest } from "../support/policy-request.ts";
import { makePolicy } from "../support/redemption.ts";

const APPROVAL = { approvers: { groups: ["leads"] } };
const PAY: Operation = { method: "tools/call", kind: "tool", name: "pay", arguments: { amount: 5 } };
const LIST: Operation = { method: "tools/list", kind: null, name: null, arguments: {} };

function held(overrides: Members = {}): Members {
  return permitRule({ id: "held", scopes: "any", calls: { tools: ["pay"] }, approval: APPROVAL, ...overrides });
}

function obligationsOf(rules: readonly Members[], operation: Operation | null = PAY) {
  const request = policyRequest({ scope: new Set(["pay"]) });
  const decision = decideCall(makePolicy({ rules }), {
    request,
    operation,
    coveringScopes: ["pay"],
    isFactsComplete: true,
  });
  return decision.effect === "permit" ? decision.obligations.map(({ rule }) => rule) : decision.effect;
}

describe("an approval that a rule demands", () => {
  it("goes with each call that the rule permits, and not with lists or the connection", () => {
    expect(obligationsOf([held()])).toEqual(["held"]);
    expect(obligationsOf([held()], LIST)).toEqual([]);
    expect(obligationsOf([held()], null)).toEqual([]);
  });

  it("stands beside a rule that permits the same without: a broad permit takes nothing away", () => {
    const broad = permitRule({ id: "broad", scopes: "any" });
    expect(obligationsOf([broad, held(), held({ id: "also-held" })])).toEqual(["also-held", "held"]);
    expect(obligationsOf([held(), broad], { ...PAY, name: "look" })).toEqual([]);
  });

  it("is not asked for by a rule that does not permit the call", () => {
    const broad = permitRule({ id: "broad", scopes: "any" });
    expect(obligationsOf([broad, held({ calls: { tools: ["pay"], condition: "arguments.amount > 100.0" } })])).toEqual(
      [],
    );
    expect(obligationsOf([broad, held({ clients: ["another"] })])).toEqual([]);
  });
});

describe("a rule that demands one", () => {
  function flaw(overrides: Members): string | undefined {
    const { error } = policySchema.safeParse(policyDocument({ rules: [held(overrides)] }));
    return error?.issues[0]?.path.join(".");
  }

  it("has approvers, and five minutes unless it says less", () => {
    expect(flaw({})).toBeUndefined();
    const [rule] = makePolicy({ rules: [held()] }).rules;
    expect(rule).toMatchObject({ approval: { expires_in_seconds: 300, show_arguments: false } });
  });

  it.each<[string, Members]>([
    ["without calls it would let through what nobody approves", { calls: undefined }],
    ["with whole methods too", { calls: { tools: ["pay"], methods: ["resources/read"] } }],
    ["with prompts too", { calls: { tools: ["pay"], prompts: ["p"] } }],
    ["with resources too", { calls: { tools: ["pay"], resources: ["file:///a"] } }],
    ["with annotations, which are a server's claim", { calls: { tools: "any", annotations: { readOnlyHint: false } } }],
    ["with a condition alone", { calls: { condition: "true" } }],
    ["that names nobody", { approval: { approvers: {} } }],
    ["that names a subject of no issuer", { approval: { approvers: { subjects: ["boss"] } } }],
    ["that names an empty list of subjects", { approval: { approvers: { subjects: [] } } }],
    ["that names an empty list", { approval: { approvers: { groups: [] } } }],
    ["of ten minutes", { approval: { ...APPROVAL, expires_in_seconds: 600 } }],
    ["of a second", { approval: { ...APPROVAL, expires_in_seconds: 1 } }],
    ["with a member that nobody knows", { approval: { ...APPROVAL, auto: true } }],
  ])("does not parse %s", (_why, overrides) => {
    expect(flaw(overrides)).toMatch(/^rules\.0\.approval/);
  });

  it("permits: a deny has nothing to hold", () => {
    const deny = { id: "no", effect: "deny", clients: "any", resources: "any", approval: APPROVAL };
    expect(policySchema.safeParse(policyDocument({ rules: [deny] })).success).toBe(false);
  });
});

describe("a rule that counts", () => {
  const LIMIT = { calls: 10, per_seconds: 60, by: ["subject"] };

  function flaw(overrides: Members): string | undefined {
    const { error } = policySchema.safeParse(policyDocument({ rules: [permitRule(overrides)] }));
    return error?.issues[0]?.path.join(".");
  }

  it("says so with the calls that it permits", () => {
    const demands = { rate: LIMIT, concurrency: { calls: 2, by: ["client", "tool"] } };
    expect(flaw(demands)).toBeUndefined();
    expect(obligationsOf([permitRule({ id: "counts", scopes: "any", ...demands })])).toEqual(["counts"]);
  });

  it.each<[string, Members]>([
    ["no calls", { rate: { ...LIMIT, calls: 0 } }],
    ["half a call", { rate: { ...LIMIT, calls: 0.5 } }],
    ["more than is remembered", { rate: { ...LIMIT, calls: 1_001 } }],
    ["a day", { rate: { ...LIMIT, per_seconds: 86_400 } }],
    ["no time", { rate: { calls: 1, by: ["subject"] } }],
    ["nobody", { rate: { ...LIMIT, by: [] } }],
    ["somebody twice", { rate: { ...LIMIT, by: ["tool", "tool"] } }],
    ["an address", { rate: { ...LIMIT, by: ["ip"] } }],
    ["none at once", { concurrency: { calls: 0, by: ["subject"] } }],
    ["a time at once", { concurrency: { calls: 1, by: ["subject"], per_seconds: 1 } }],
  ])("does not parse with %s", (_what, overrides) => {
    expect(flaw(overrides)).toMatch(/^rules\.0\.(?:rate|concurrency)/);
  });
});

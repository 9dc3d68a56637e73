import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rule } from "../../src/policy/policy.ts";
import { type Inquiry, RuleIndex } from "../../src/policy/rule-index.ts";
import { selects, selectsAny, selectsClient } from "../../src/policy/selector.ts";
import { permitRule } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

function readRules(members: readonly object[]): readonly Rule[] {
  return makePolicy({ rules: members.map((each, at) => permitRule({ id: `rule-${at}`, ...each })) }).rules;
}

function candidatesOf(rules: readonly Rule[], inquiry: Inquiry, isFactsComplete?: boolean): readonly string[] {
  const index = new RuleIndex(rules.map((rule) => ({ rule })));
  return index.candidates(inquiry, isFactsComplete).map(({ rule }) => rule.id);
}

const name = fc.constantFrom("a", "b", "c", "__proto__");
const selectorOf = (names: fc.Arbitrary<string>) =>
  fc.oneof(fc.constant("any" as const), fc.uniqueArray(names, { maxLength: 3 }));
const selector = selectorOf(name);
const client = fc.constantFrom("a", "https://b.example/x", "https://b.example/y");
const clients = selectorOf(fc.oneof(client, fc.constantFrom("https://b.example/*", "https://c.example/*")));
const members = fc.array(
  fc.record(
    { subjects: selector, groups: selector, clients, resources: selector },
    { requiredKeys: ["clients", "resources"] },
  ),
);
const inquiries: fc.Arbitrary<Inquiry> = fc.record({
  subject: name,
  groups: fc.uniqueArray(name, { maxLength: 3 }).map((list) => new Set(list)),
  clientId: client,
  resource: name,
});

/** Whether the rule could apply, by all that it is filed by. */
function isPossible(rule: Rule, { subject, groups, clientId, resource }: Inquiry, isFactsComplete: boolean): boolean {
  return (
    selects(rule.resources, resource) &&
    selects(rule.subjects ?? "any", subject) &&
    selectsClient(rule.clients, clientId) &&
    (!isFactsComplete || selectsAny(rule.groups ?? "any", groups))
  );
}

describe("RuleIndex", () => {
  it.each([true, false])(
    "leaves out no rule that could apply, and gives none twice (all groups known: %s)",
    (isComplete) => {
      fc.assert(
        fc.property(members, inquiries, (each, inquiry) => {
          const read = readRules(each);
          const candidates = candidatesOf(read, inquiry, isComplete);
          const possible = read.filter((rule) => isPossible(rule, inquiry, isComplete));
          expect(candidates).toEqual(expect.arrayContaining(possible.map(({ id }) => id)));
          expect(new Set(candidates).size).toBe(candidates.length);
        }),
        { numRuns: 1000, seed: 5 },
      );
    },
  );

  it("gives of two thousand rules about others none", () => {
    const others = Array.from({ length: 499 }, (_, at) => [
      { subjects: [`s${at}`] },
      { groups: [`g${at}`] },
      { clients: [`c${at}`] },
      { clients: ["https://x.example/*"], resources: [`r${at}`] },
    ]).flat();
    const inquiry = { subject: "s", groups: new Set(["g"]), clientId: "c", resource: "r" };
    const mine = { clients: ["c"], resources: ["r"], groups: ["g", "h"] };
    expect(candidatesOf(readRules([...others, mine]), inquiry)).toEqual(["rule-1996"]);
  });

  it("of a person whose groups are not all known leaves out no rule about groups", () => {
    const rules = readRules([{ groups: ["a"] }, { groups: ["b"] }]);
    const inquiry = { subject: "s", groups: new Set(["a"]), clientId: "c", resource: "r" };
    expect(candidatesOf(rules, inquiry)).toEqual(["rule-0"]);
    expect(candidatesOf(rules, inquiry, false)).toEqual(["rule-0", "rule-1"]);
  });
});

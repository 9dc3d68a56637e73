import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rule } from "../../src/policy/policy.ts";
import { RuleIndex } from "../../src/policy/rule-index.ts";
import { selects } from "../../src/policy/selector.ts";
import { permitRule } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

function readRules(members: readonly object[]): readonly Rule[] {
  return makePolicy({ rules: members.map((each, at) => permitRule({ id: `rule-${at}`, ...each })) }).rules;
}

function candidatesOf(rules: readonly Rule[], subject: string, resource: string): readonly string[] {
  const index = new RuleIndex(rules.map((rule) => ({ rule })));
  return index.candidates({ subject, resource }).map(({ rule }) => rule.id);
}

const name = fc.constantFrom("a", "b", "c", "__proto__");
const selector = fc.oneof(fc.constant("any" as const), fc.uniqueArray(name, { maxLength: 3 }));

describe("RuleIndex", () => {
  it("leaves out no rule that could apply, and gives none twice", () => {
    const rules = fc.array(fc.record({ subjects: selector, resources: selector }, { requiredKeys: ["resources"] }));
    fc.assert(
      fc.property(rules, name, name, (members, subject, resource) => {
        const read = readRules(members);
        const candidates = candidatesOf(read, subject, resource);
        const possible = read.filter(
          (rule) => selects(rule.resources, resource) && selects(rule.subjects ?? "any", subject),
        );
        expect(candidates).toEqual(expect.arrayContaining(possible.map(({ id }) => id)));
        expect(new Set(candidates).size).toBe(candidates.length);
      }),
      { numRuns: 300 },
    );
  });

  it("gives of a thousand rules about others none", () => {
    const others = Array.from({ length: 500 }, (_, at) => [{ subjects: [`s${at}`] }, { resources: [`r${at}`] }]).flat();
    expect(candidatesOf(readRules([...others, { resources: ["r"] }]), "s", "r")).toEqual(["rule-1000"]);
  });
});

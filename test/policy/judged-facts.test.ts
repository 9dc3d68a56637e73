import { describe, expect, it } from "vitest";
import { judgedFactsSchema } from "../../src/audit/judged-facts.ts";
import { LIMITS } from "../../src/limits.ts";
import { groupsNamedIn, judgedFacts } from "../../src/policy/judged-facts.ts";
import { denyRule, permitRule } from "../support/documents.ts";
import { policyRequest } from "../support/policy-request.ts";
import { makePolicy, NOW } from "../support/redemption.ts";

const request = policyRequest;

const policy = makePolicy({
  rules: [
    permitRule({ groups: ["staff", "admins"] }),
    denyRule({ groups: ["leavers"] }),
    permitRule({ id: "all", groups: "any" }),
  ],
});

describe("what is recorded of what policy decided on", () => {
  it("names of a person's groups those that some rule names, and says that there are others", () => {
    const groups = new Set(["staff", "choir", "union"]);
    const facts = judgedFacts(policy, request({ groups }));
    expect(facts).toMatchObject({ groups: ["staff"], other_groups: true });
    expect(JSON.stringify(facts)).not.toMatch(/choir|union/);
  });

  it("says when there are no others", () => {
    expect(judgedFacts(policy, request({ groups: new Set(["staff"]) }))).toMatchObject({
      groups: ["staff"],
      other_groups: false,
    });
  });

  it("says how the person signed in, and whether a key was proved", () => {
    const signIn = {
      acr: "gold",
      amr: new Set(["hwk"]),
      authTimeSeconds: NOW - 5,
      emailDomain: "acme.example",
      isKeyBound: true,
    };
    expect(judgedFacts(policy, request(signIn))).toEqual({
      groups: [],
      other_groups: false,
      email_domain: "acme.example",
      acr: "gold",
      amr: ["hwk"],
      auth_time: NOW - 5,
      proved_key: true,
    });
  });

  it("is bounded, and fits its schema", () => {
    const groups = Array.from({ length: 1000 }, (_none, at) => `group-${at}`);
    const wide = makePolicy({ rules: [permitRule({ groups })] });
    const facts = judgedFacts(wide, request({ groups: new Set(groups) }));
    expect(facts.groups).toHaveLength(LIMITS.auditGroups);
    expect(facts.other_groups).toBe(true);
    expect(judgedFactsSchema.safeParse(facts).success).toBe(true);
  });

  it("collects the groups of a policy once", () => {
    expect(groupsNamedIn(policy)).toEqual(new Set(["staff", "admins", "leavers"]));
    expect(groupsNamedIn(policy)).toBe(groupsNamedIn(policy));
  });
});

import { describe, expect, it } from "vitest";
import { explainDecision } from "../../src/explain/explained-policy.ts";
import { LIMITS } from "../../src/limits.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { denyRule, IDP, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

const REQUEST: PolicyRequest = {
  issuer: IDP,
  idpTenant: null,
  clientId: "agent",
  resource: RESOURCE,
  subject: "ada",
  groups: new Set(["staff"]),
  emailDomain: null,
  actor: null,
  acr: null,
  amr: new Set(),
  authTimeSeconds: null,
  nowSeconds: 1_800_000_000,
  isKeyBound: false,
  scope: new Set(["files:read"]),
  authorizationDetailsTypes: new Set(),
};

function others(count: number): readonly Members[] {
  return Array.from({ length: count }, (_, at) => permitRule({ id: `other-${at}`, clients: ["x"], groups: ["y"] }));
}

function explainBy(rules: readonly Members[]) {
  return explainDecision(makePolicy({ rules }), REQUEST);
}

describe("explainDecision", () => {
  it("shows every rule of a policy that a person can read", () => {
    const { rules, rules_left_out } = explainBy(others(LIMITS.explainedRules));
    expect([rules.length, rules_left_out]).toEqual([LIMITS.explainedRules, 0]);
  });

  it("of more shows those that apply and those that came closest, in their order, and counts the rest", () => {
    const close = permitRule({ id: "close", groups: ["admins"] });
    const { decision, rules, rules_left_out } = explainBy([
      ...others(700),
      close,
      denyRule({ id: "no-ada", subjects: ["ada"] }),
      ...others(0),
    ]);
    expect(decision).toMatchObject({ effect: "deny", rule: "no-ada" });
    expect([rules.length, rules_left_out]).toEqual([LIMITS.explainedRules, 702 - LIMITS.explainedRules]);
    expect(rules.slice(-2).map(({ rule }) => rule)).toEqual(["close", "no-ada"]);
  });

  it("leaves out no rule that applies, however many there are", () => {
    const broken = Array.from({ length: 150 }, (_, at) =>
      permitRule({ id: `broken-${at}`, condition: 'groups[3] == "x"' }),
    );
    const applying = Array.from({ length: 150 }, (_, at) => permitRule({ id: `applies-${at}` }));
    const { rules } = explainBy([...broken, ...applying]);
    expect(rules.filter(({ applies }) => applies)).toHaveLength(150);
  });

  it("hides no rule that came close behind those that fail and say no besides", () => {
    const failing = Array.from({ length: LIMITS.explainedRules }, (_, at) =>
      permitRule({ id: `fails-${at}`, clients: ["x"], condition: 'groups[3] == "x"' }),
    );
    const fails = permitRule({ id: "only-fails", condition: 'groups[3] == "x"' });
    const close = permitRule({ id: "close", groups: ["admins"] });
    const shown = explainBy([...failing, close, fails]).rules.map(({ rule }) => rule);
    expect(shown).toEqual(expect.arrayContaining(["close", "only-fails"]));
  });

  it("cuts what it quotes, so that no answer is as long as the names in a policy", () => {
    const { rules } = explainBy([permitRule({ subjects: ["n".repeat(2000)] })]);
    const [because] = rules.flatMap(({ conditions }) => conditions.flatMap((one) => one.because ?? []));
    expect(because).toContain(`${"n".repeat(LIMITS.identifierBytes)}…`);
    expect(because?.length).toBeLessThan(2 * LIMITS.identifierBytes);
  });
});

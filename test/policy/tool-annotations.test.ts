import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideCall } from "../../src/policy/decide-call.ts";
import { policySchema } from "../../src/policy/policy.ts";
import { readAnnotations, type ToolFacts, UNANNOTATED } from "../../src/policy/tool-annotations.ts";
import { denyRule, type Members, permitRule, policyDocument } from "../support/documents.ts";
import { policyRequest } from "../support/policy-request.ts";
import { makePolicy } from "../support/redemption.ts";

const SCOPE = "files:read";
const REQUEST = policyRequest();

function decide(rules: readonly Members[], tool: ToolFacts | "to_be_learned" | undefined): string {
  const operation = { method: "tools/call", kind: "tool", name: "read_file", arguments: {} } as const;
  return decideCall(makePolicy({ rules }), {
    request: REQUEST,
    operation: { ...operation, ...(tool === undefined ? {} : { tool }) },
    coveringScopes: [SCOPE],
    isFactsComplete: true,
  }).effect;
}

const facts = (stated: object, isApproved: boolean): ToolFacts => ({
  annotations: readAnnotations(stated as never),
  isApproved,
});
const permit = (annotations: Members): Members => permitRule({ id: "p", scopes: "any", calls: { annotations } });
const deny = (annotations: Members): Members => denyRule({ id: "d", calls: { annotations } });
const PERMIT_ALL = permitRule({ id: "all", scopes: "any" });

describe("annotations", () => {
  it("are MCP's defaults where a tool says nothing, or nothing that reads", () => {
    for (const stated of [
      undefined,
      null,
      7,
      [],
      {},
      { readOnlyHint: "true", destructiveHint: 0, openWorldHint: null },
    ])
      expect(readAnnotations(stated as never)).toEqual(UNANNOTATED);
  });

  it("of a tool that only reads are of one that destroys nothing, whatever else it says", () => {
    expect(readAnnotations({ readOnlyHint: true, destructiveHint: true })).toMatchObject({
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
    });
  });

  it.each([
    [[permit({ readOnlyHint: true })], { readOnlyHint: true }, "permit", "deny"],
    [[permit({ openWorldHint: false })], { openWorldHint: false }, "permit", "deny"],
    [[permit({ readOnlyHint: true, openWorldHint: false })], { readOnlyHint: true }, "deny", "deny"],
    [[PERMIT_ALL, deny({ destructiveHint: true })], { destructiveHint: false }, "permit", "deny"],
    [[PERMIT_ALL, deny({ destructiveHint: true })], { readOnlyHint: true }, "permit", "deny"],
    [[PERMIT_ALL, deny({ openWorldHint: true })], {}, "deny", "deny"],
    [[PERMIT_ALL, deny({ readOnlyHint: true })], { readOnlyHint: true }, "deny", "deny"],
  ])("%j about %j: approved %s, merely claimed %s", (rules, stated, approved, claimed) => {
    expect([decide(rules, facts(stated, true)), decide(rules, facts(stated, false))]).toEqual([approved, claimed]);
  });

  it("that nobody has looked for decide nothing: such a rule fails, and what fails denies", () => {
    expect(decide([permit({ readOnlyHint: false })], undefined)).toBe("deny");
    expect(decide([PERMIT_ALL, deny({ readOnlyHint: true })], undefined)).toBe("deny");
    expect(decide([PERMIT_ALL], undefined)).toBe("permit");
  });

  it("that are still to be learned keep no call from being looked into", () => {
    expect(decide([permit({ readOnlyHint: true })], "to_be_learned")).toBe("permit");
    expect(decide([PERMIT_ALL, deny({ readOnlyHint: true })], "to_be_learned")).toBe("permit");
  });
});

describe("a rule about annotations", () => {
  it.each(["methods", "prompts", "resources"])("is about tools: it lists no %s", (list) => {
    for (const rule of [
      permitRule({ calls: { annotations: { readOnlyHint: true }, [list]: ["x"] } }),
      denyRule({ calls: { annotations: { readOnlyHint: true }, [list]: ["x"] } }),
    ])
      expect(policySchema.safeParse(policyDocument({ rules: [rule] })).success).toBe(false);
  });

  it.each([{}, { readOnlyHint: "yes" }, { readonlyHint: true }])("is not written as %j", (annotations) => {
    const rules = [permitRule({ calls: { annotations } })];
    expect(policySchema.safeParse(policyDocument({ rules })).success).toBe(false);
  });

  it("names no prompt, and lets the list of tools be asked for", () => {
    const ask = (method: string, kind: "prompt" | null) =>
      decideCall(makePolicy({ rules: [permit({ readOnlyHint: true })] }), {
        request: REQUEST,
        operation: { method, kind, name: kind === null ? null : "x", arguments: {} },
        coveringScopes: [SCOPE],
        isFactsComplete: true,
      }).effect;
    expect([ask("prompts/get", "prompt"), ask("prompts/list", null), ask("tools/list", null)]).toEqual([
      "deny",
      "deny",
      "permit",
    ]);
  });
});

/** Any rules and any claim: hints stated right, wrong, in another type, or not at all. */
const hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;
const claim = fc.record(
  Object.fromEntries(hints.map((hint) => [hint, fc.constantFrom(true, false, "true", 1, null)])),
  { requiredKeys: [] },
);
const selector = fc
  .record(Object.fromEntries(hints.map((hint) => [hint, fc.boolean()])), { requiredKeys: [] })
  .filter((chosen) => Object.keys(chosen).length > 0);
const rules = fc.array(fc.tuple(fc.boolean(), selector), { minLength: 1, maxLength: 5 }).map((chosen) =>
  chosen.map(([isPermit, annotations], index) => ({
    ...(isPermit ? permit(annotations) : deny(annotations)),
    id: `rule-${index}`,
  })),
);

it("a lying annotation never grants more than no annotation would, under any rules", () => {
  fc.assert(
    fc.property(rules, fc.boolean(), claim, (given, permitsAll, stated) => {
      const all = permitsAll ? [PERMIT_ALL, ...given] : given;
      const lying = decide(all, facts(stated, false));
      const silent = decide(all, facts({}, false));
      expect(lying === "permit" && silent !== "permit").toBe(false);
    }),
    { numRuns: 3000 },
  );
});

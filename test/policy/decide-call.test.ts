import { describe, expect, it } from "vitest";
import { type CallDecision, decideCall } from "../../src/policy/decide-call.ts";
import { kindOf, type Operation } from "../../src/policy/operation.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { denyRule, type Members, permitRule } from "../support/documents.ts";
import { policyRequest } from "../support/policy-request.ts";
import { makePolicy, NOW } from "../support/redemption.ts";

function call(name: string, given: Operation["arguments"] = {}, method = "tools/call"): Operation {
  return { method, kind: kindOf(method), name, arguments: given };
}

const LIST: Operation = { method: "tools/list", kind: null, name: null, arguments: {} };

interface Asked {
  readonly operation?: Operation | null;
  readonly covering?: readonly string[];
  readonly request?: Partial<PolicyRequest>;
  readonly isFactsComplete?: boolean;
}

function decide(rules: readonly Members[], asked: Asked = {}): CallDecision {
  const { operation = call("read_file"), covering = ["files:read"], isFactsComplete = true } = asked;
  const request = policyRequest(asked.request);
  const coveringScopes = operation === null ? [] : covering;
  return decideCall(makePolicy({ rules }), { request, operation, coveringScopes, isFactsComplete });
}

/** The decision in a word, with what hangs on it. */
function verdict(rules: readonly Members[], asked: Asked = {}): string {
  const decision = decide(rules, asked);
  if (decision.effect === "permit") return `permit by ${decision.rules.join(" ")}`;
  if (decision.effect === "deny") return `${decision.cause}${decision.rule === null ? "" : ` by ${decision.rule}`}`;
  const { rule, scopes, isScopeLacking, stepUp, isKeyBindingLacking } = decision;
  const lacks = [
    ...(isScopeLacking ? [`scope ${scopes.join(" ")}`] : []),
    ...(stepUp === null ? [] : [`sign-in ${stepUp.acrValues.join(" ")} ${stepUp.maximumAgeSeconds ?? ""}`.trimEnd()]),
    ...(isKeyBindingLacking ? ["key"] : []),
  ];
  return `${rule} lacks ${lacks.join(", ")}`;
}

const readOnly = permitRule({ id: "reads", calls: { tools: ["read_*", "stat"] } });

describe("a rule that says nothing of calls", () => {
  it("permits what its scopes mean", () => {
    expect(verdict([permitRule()])).toBe("permit by agent-reads-files");
    expect(verdict([permitRule({ scopes: ["files:write"] })])).toBe("no_rule_permits");
  });

  it("permits nothing when its conditions do not hold now, whatever held when the token was made", () => {
    expect(verdict([permitRule({ clients: ["another"] })])).toBe("no_rule_permits");
    expect(verdict([permitRule({ not_after: "2020-01-01T00:00:00Z" })])).toBe("no_rule_permits");
  });

  it("denies every call, and the connection with them", () => {
    expect(verdict([permitRule(), denyRule()])).toBe("denied_by_rule by nobody");
    expect(verdict([permitRule(), denyRule()], { operation: null })).toBe("denied_by_rule by nobody");
  });
});

describe("a permit of certain calls", () => {
  it.each([
    ["a tool that a pattern names", call("read_file"), "permit by reads"],
    ["a tool that is named", call("stat"), "permit by reads"],
    ["a tool that is not", call("stat2"), "no_rule_permits"],
    ["a tool in other case", call("Stat"), "no_rule_permits"],
    ["a prompt of the same name", call("stat", {}, "prompts/get"), "no_rule_permits"],
    ["a resource of the same name", call("stat", {}, "resources/read"), "no_rule_permits"],
    ["the list, which shows those alone", LIST, "permit by reads"],
    ["another list", { ...LIST, method: "prompts/list" }, "no_rule_permits"],
    ["the connection", null, "permit by reads"],
  ])("for %s", (_name, operation, expected) => {
    expect(verdict([readOnly], { operation })).toBe(expected);
  });

  it("never goes beyond what the granted scopes mean", () => {
    expect(verdict([readOnly], { covering: ["files:write"] })).toBe("reads lacks scope files:write");
    expect(verdict([permitRule({ scopes: ["files:read"], calls: { tools: "any" } })], { covering: ["other"] })).toBe(
      "no_rule_permits",
    );
  });

  it("selects by whole methods, and with no list at all by its condition alone", () => {
    const rules = [permitRule({ calls: { methods: ["prompts/*"] } })];
    expect(verdict(rules, { operation: call("x", {}, "prompts/get") })).toBe("permit by agent-reads-files");
    expect(verdict(rules)).toBe("no_rule_permits");
    expect(verdict([permitRule({ calls: { condition: 'method == "tools/call"' } })])).toMatch(/^permit/);
    expect(verdict([permitRule({ calls: { condition: 'name == "other"' } })])).toBe("no_rule_permits");
  });
});

describe("a deny of certain calls", () => {
  const noDeletes = denyRule({ calls: { tools: ["delete_*"], methods: ["completion/complete"] } });

  it.each([
    ["such a call", call("delete_file"), "denied_by_rule by nobody"],
    ["another call", call("read_file"), "permit by agent-reads-files"],
    ["the list: what is denied is left out of it", LIST, "permit by agent-reads-files"],
    ["the connection", null, "permit by agent-reads-files"],
  ])("for %s", (_name, operation, expected) => {
    expect(verdict([permitRule(), noDeletes], { operation })).toBe(expected);
  });

  it("wins, in whatever order", () => {
    expect(verdict([noDeletes, permitRule()], { operation: call("delete_file") })).toBe("denied_by_rule by nobody");
  });
});

describe("arguments", () => {
  const cheap = permitRule({ id: "cheap", calls: { tools: ["pay"], condition: "arguments.amount <= 100" } });
  const noRoot = denyRule({ calls: { tools: ["pay"], condition: 'arguments.account == "root"' } });

  it.each([
    [{ amount: 100 }, "permit by cheap"],
    [{ amount: 100.5 }, "no_rule_permits"],
    [{ amount: "1" }, "condition_failed by cheap"],
    [{}, "condition_failed by cheap"],
    [{ amount: null }, "condition_failed by cheap"],
  ])("%j", (given, expected) => {
    expect(verdict([cheap], { operation: call("pay", given) })).toBe(expected);
  });

  it("deny, and deny when they cannot be judged", () => {
    const permitted = { amount: 1, account: "ada" };
    expect(verdict([cheap, noRoot], { operation: call("pay", permitted) })).toBe("permit by cheap");
    expect(verdict([cheap, noRoot], { operation: call("pay", { ...permitted, account: "root" }) })).toBe(
      "denied_by_rule by nobody",
    );
    expect(verdict([cheap, noRoot], { operation: call("pay", { amount: 1 }) })).toBe("condition_failed by nobody");
  });

  it("of another tool are not looked at: an expression that would fail on them decides nothing", () => {
    expect(verdict([permitRule(), noRoot], { operation: call("read_file") })).toBe("permit by agent-reads-files");
  });

  it("that are not known yet hide no tool", () => {
    expect(verdict([cheap, noRoot], { operation: call("pay", null) })).toBe("permit by cheap");
  });

  it("have no members that nobody sent", () => {
    const rule = permitRule({ calls: { tools: "any", condition: "has(arguments.constructor)" } });
    expect(verdict([rule], { operation: call("pay", {}) })).toBe("no_rule_permits");
  });
});

describe("what is lacking", () => {
  const deletes = permitRule({
    id: "deletes",
    scopes: ["files:read", "files:write"],
    calls: { tools: ["delete_*"], scopes_required: ["files:confirm", "files:read"] },
  });
  const operation = call("delete_file");

  it("is every scope at once, one that covers the call among them [MCPA-11]", () => {
    const covering = ["files:write", "files:admin"];
    expect(verdict([deletes], { operation, covering })).toBe(
      "deletes lacks scope files:confirm files:read files:write",
    );
    const scope = new Set(["files:confirm", "files:read", "files:write"]);
    expect(verdict([deletes], { operation, covering, request: { scope } })).toBe("permit by deletes");
  });

  it("is the narrowest scope that the rule grants and that would do", () => {
    expect(verdict([deletes], { operation, covering: ["files:admin", "files:write"] })).toContain("files:write");
  });

  it("is a sign-in, recent and of the right kind [GW-07]", () => {
    const rule = permitRule({ id: "strong", acr: ["phr"], maximum_authentication_age_seconds: 60 });
    expect(verdict([rule])).toBe("strong lacks sign-in phr 60");
    expect(verdict([rule], { request: { acr: "phr", authTimeSeconds: NOW - 61 } })).toBe("strong lacks sign-in phr 60");
    expect(verdict([rule], { request: { acr: "phr", authTimeSeconds: NOW - 60 } })).toBe("permit by strong");
  });

  it("is a key", () => {
    const rule = permitRule({ id: "bound", dpop_required: true });
    expect(verdict([rule])).toBe("bound lacks key");
    expect(verdict([rule], { request: { isKeyBound: true } })).toBe("permit by bound");
  });

  it("is the least that would do, and nothing where another rule permits", () => {
    const strong = permitRule({ id: "a-strong", acr: ["phr"], dpop_required: true });
    const scoped = permitRule({ id: "z-scoped", calls: { tools: "any", scopes_required: ["files:extra"] } });
    expect(verdict([strong, scoped])).toBe("z-scoped lacks scope files:extra files:read");
    expect(verdict([strong, scoped, permitRule()])).toBe("permit by agent-reads-files");
  });

  it("never softens a deny", () => {
    expect(verdict([deletes, denyRule({ calls: { tools: "any" } })], { operation })).toBe("denied_by_rule by nobody");
  });
});

describe("a token that was not made to tell what policy asks now", () => {
  const unknown = { isFactsComplete: false };
  const analysts = permitRule({ id: "analysts", groups: ["analysts"] });

  it("decides nothing that hangs on it", () => {
    expect(verdict([analysts], unknown)).toBe("facts_incomplete");
    expect(verdict([permitRule(), denyRule({ groups: ["interns"] })], unknown)).toBe("facts_incomplete");
    expect(verdict([permitRule(), denyRule({ email_domains: ["example.org"] })], unknown)).toBe("facts_incomplete");
    expect(verdict([permitRule({ condition: '!("interns" in groups)' })], unknown)).toBe("facts_incomplete");
    expect(verdict([permitRule({ calls: { condition: "groups.size() == 0" } })], unknown)).toBe("facts_incomplete");
  });

  it("decides what does not", () => {
    expect(verdict([permitRule(), analysts], unknown)).toBe("permit by agent-reads-files");
    expect(verdict([permitRule(), denyRule()], unknown)).toBe("denied_by_rule by nobody");
    expect(verdict([permitRule(), denyRule({ groups: ["interns"], clients: ["another"] })], unknown)).toMatch(
      /^permit/,
    );
    expect(verdict([permitRule(), denyRule({ groups: ["interns"], calls: { tools: ["delete_*"] } })], unknown)).toMatch(
      /^permit/,
    );
  });

  it("still tells the groups that it names", () => {
    const request = { groups: new Set(["analysts"]) };
    expect(verdict([analysts], { ...unknown, request })).toBe("permit by analysts");
    expect(verdict([permitRule(), denyRule({ groups: ["analysts"] })], { ...unknown, request })).toBe(
      "denied_by_rule by nobody",
    );
  });
});

describe("a resource by its URI", () => {
  const rules = [
    permitRule({ calls: { resources: ["file:///public/*"] } }),
    denyRule({ calls: { resources: ["file:///public/secret"] } }),
  ];
  const read = (uri: string): string => verdict(rules, { operation: call(uri, {}, "resources/read") });

  it("is compared as it stands", () => {
    expect(read("file:///public/a")).toMatch(/^permit/);
    expect(read("file:///other/a")).toBe("no_rule_permits");
  });

  it.each(["/../private/x", "/./secret", "/%2e%2e/private", "/..\\private", "/a%2f..%2f..%2fprivate", "/.."])(
    "is never permitted by a pattern, and always denied, where a server might tidy it up: %s",
    (path) => {
      expect(read(`file:///public${path}`)).toBe("denied_by_rule by nobody");
      const permitted = verdict([rules[0] ?? {}], { operation: call(`file:///public${path}`, {}, "resources/read") });
      expect(permitted).toBe("no_rule_permits");
    },
  );

  it("may hold dots in its query", () => {
    const web = [permitRule({ calls: { resources: ["https://docs.example/*"] } })];
    const operation = call("https://docs.example/a?path=../b", {}, "resources/read");
    expect(verdict(web, { operation })).toMatch(/^permit/);
  });

  it("may be a template where one is listed or completed, and not where it is read", () => {
    const template = "file:///public/{name}";
    expect(verdict(rules, { operation: call(template, null, "resources/read") })).toMatch(/^permit/);
    const completion = { ...call(template, {}, "completion/complete"), kind: "resource" } as const;
    expect(verdict(rules, { operation: completion })).toMatch(/^permit/);
    expect(read(template)).toBe("denied_by_rule by nobody");
  });
});

import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { policySchema } from "../../src/policy/policy.ts";
import { denyRule, type Members, permitRule, policyDocument } from "../support/documents.ts";

/** As JSON, so that a member that is undefined here is absent there. */
function parse(document: Members) {
  return policySchema.safeParse(JSON.parse(JSON.stringify(document)));
}

function withRules(...rules: readonly Members[]): Members {
  return policyDocument({ rules });
}

function withoutScopes(): Members {
  return permitRule({ scopes: undefined });
}

const named = (count: number): readonly Members[] =>
  Array.from({ length: count }, (_, index) => permitRule({ id: `r${index}` }));

describe("policySchema", () => {
  it.each<[string, Members]>([
    ["no rules at all, which permits nothing", withRules()],
    ["a permit and a denial", withRules(permitRule(), denyRule())],
    [
      "every condition",
      withRules(
        permitRule({
          issuers: ["i"],
          tenants: ["t"],
          subjects: ["s"],
          actors: "any",
          token_lifetime_seconds: 60,
          description: "why",
        }),
      ),
    ],
    ["empty lists, which select nothing", withRules(permitRule({ clients: [], resources: [], scopes: [] }))],
    ["a $schema, for editors", policyDocument({ $schema: "./policy.schema.json" })],
    ["as many rules as there may be", withRules(...named(LIMITS.policyRules))],
  ])("reads %s", (_what, document) => {
    expect(parse(document).error).toBeUndefined();
  });

  it.each<[string, Members, string]>([
    ["a member it does not know (H04)", policyDocument({ version: 1 }), ""],
    [
      "a rule's member it does not know: a typo must not widen",
      withRules(permitRule({ subject: ["user-ada"] })),
      "rules.0",
    ],
    ["no organization", policyDocument({ organization: undefined }), "organization"],
    ["an organization with a colon in it", policyDocument({ organization: "acme:x" }), "organization"],
    ["an organization that is empty", policyDocument({ organization: "" }), "organization"],
    ["an organization that is too long", policyDocument({ organization: "o".repeat(65) }), "organization"],
    ["no rules", policyDocument({ rules: undefined }), "rules"],
    ["too many rules", withRules(...named(LIMITS.policyRules + 1)), "rules"],
    ["two rules of one id", withRules(permitRule(), denyRule({ id: "agent-reads-files" })), "rules"],
    ["a rule without an id", withRules(permitRule({ id: undefined })), "rules.0.id"],
    ["a rule with an id of other characters", withRules(permitRule({ id: "a b" })), "rules.0.id"],
    ["a rule with another effect", withRules(permitRule({ effect: "allow" })), "rules.0.effect"],
    ["a permit without clients: absent is not any", withRules(permitRule({ clients: undefined })), "rules.0.clients"],
    ["a permit without resources", withRules(permitRule({ resources: undefined })), "rules.0.resources"],
    ["a permit without scopes", withRules(withoutScopes()), "rules.0.scopes"],
    ["a denial without clients", withRules(denyRule({ clients: undefined })), "rules.0.clients"],
    ["a denial with scopes: it refuses the whole request", withRules(denyRule({ scopes: ["files:read"] })), "rules.0"],
    ["a denial with a lifetime", withRules(denyRule({ token_lifetime_seconds: 60 })), "rules.0"],
    ["an asterisk for any", withRules(permitRule({ clients: "*" })), "rules.0.clients"],
    ["null for any", withRules(permitRule({ clients: null })), "rules.0.clients"],
    ["one value that is no list", withRules(permitRule({ clients: "agent" })), "rules.0.clients"],
    ["a scope that is no scope token", withRules(permitRule({ scopes: ["files read"] })), "rules.0.scopes"],
    ["a lifetime of nothing", withRules(permitRule({ token_lifetime_seconds: 0 })), "rules.0.token_lifetime_seconds"],
    [
      "a lifetime beyond the cap",
      withRules(permitRule({ token_lifetime_seconds: 3601 })),
      "rules.0.token_lifetime_seconds",
    ],
    [
      "a lifetime of a fraction",
      withRules(permitRule({ token_lifetime_seconds: 1.5 })),
      "rules.0.token_lifetime_seconds",
    ],
  ])("refuses %s, and says where", (_what, document, path) => {
    expect(parse(document).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

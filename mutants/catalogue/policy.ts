import { type Mutant, seed } from "../mutant.ts";

const area = "policy";

/** Deny by default, deny wins, and nothing is widened. */
export const POLICY: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/policy/decide.ts",
    tests: ["test/policy/decide.test.ts"],
    mistakes: [
      [
        "deny-ignored",
        "a rule that denies is not asked",
        'if (deniedBy !== undefined) return deny("denied_by_rule", deniedBy);',
        "",
      ],
      [
        "failed-condition-ignored",
        "a rule that cannot be evaluated does not deny",
        'if (failed !== undefined) return deny("condition_failed", failed);',
        "",
      ],
      [
        "scope-of-no-rule",
        "scopes that no rule permits are granted",
        'rule.scopes === "any" ? scope : intersect(scope, rule.scopes)',
        "scope",
      ],
      [
        "sign-in-ignored",
        "a rule that demands a strong sign-in permits a weak one",
        "authentication.every((condition) => condition.holds(request))",
        "authentication.length >= 0",
      ],
      [
        "binding-ignored",
        "a rule that demands a bound key permits without",
        "request.isKeyBound || !rule.dpop_required",
        "request.isKeyBound || rule.id.length > 0",
      ],
      [
        "longest-lifetime",
        "a token lives as long as the most generous rule says",
        "Math.min(...lifetimes)",
        "Math.max(...lifetimes)",
      ],
      [
        "details-of-no-rule",
        "types of details that no rule permits are granted",
        'types === "any" ? asked : types.intersection(asked)',
        "types === null ? asked : asked",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/decide-call.ts",
    tests: ["test/policy/decide-call.test.ts"],
    mistakes: [
      [
        "deny-of-a-call-ignored",
        "a call that a rule denies is made",
        'if (deniedBy !== undefined) return deny("denied_by_rule", deniedBy);',
        "",
      ],
      [
        "failed-condition-of-a-call-ignored",
        "a rule about arguments that fails to evaluate does not deny",
        'if (failed !== undefined) return deny("condition_failed", failed);',
        "",
      ],
      [
        "doubtful-deny-ignored",
        "a token that does not tell a group escapes the rule that denies it",
        'if (isDenyDoubtful) return deny("facts_incomplete");',
        "",
      ],
      [
        "scopes-required-ignored",
        "a call goes without the scopes that its rule requires",
        "...(rule.calls?.scopes_required ?? [])",
        "",
      ],
      ["calls-not-named", "a rule for one tool permits every tool", 'if (!calls.names(operation)) return "no";', ""],
      [
        "condition-on-arguments-ignored",
        "a rule's condition on arguments is not asked",
        'return calls.condition(request, operation) ? "yes" : "no";',
        'return "yes";',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/calls.ts",
    tests: ["test/policy/decide-call.test.ts", "test/abuse/resource-uri-spellings.test.ts"],
    mistakes: [
      [
        "second-spelling-escapes-a-deny",
        "a denied resource is read by another spelling of its URI",
        " || (calls.resources !== undefined && isDoubtful(operation))",
        "",
      ],
      [
        "second-spelling-fits-a-permit",
        "a pattern permits a URI that a server reads as another",
        "if (name === null || !isDoubtful(operation)) return isListed(calls, operation);",
        "if (name !== undefined) return isListed(calls, operation);",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/resource-uri.ts",
    tests: ["test/policy/resource-uri.test.ts"],
    mistakes: [
      [
        "dot-segments",
        "file:///public/../secret is public",
        " || DOT_SEGMENT.test(uri)) return true;",
        ") return true;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/conditions.ts",
    tests: ["test/policy/conditions.test.ts", "test/policy/decide.test.ts"],
    mistakes: [
      [
        "time-ignored",
        "a rule holds before and after its time",
        "...detailsCondition(rule), ...timeConditions(rule), ",
        "...detailsCondition(rule), ",
      ],
      [
        "absent-sign-in-time-is-fresh",
        "who does not say when he signed in has just signed in",
        "authTimeSeconds !== null && nowSeconds - authTimeSeconds",
        "nowSeconds - (authTimeSeconds ?? nowSeconds)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/selector.ts",
    tests: ["test/policy/selector.test.ts"],
    mistakes: [
      [
        "absent-value-selected",
        "a rule about one tenant holds for who has none",
        "candidate !== null && selector.has(candidate)",
        "candidate === null || selector.has(candidate)",
      ],
      [
        "family-without-its-slash",
        "https://agents.example.evil is of the family https://agents.example",
        "name.slice(0, -1)",
        "name.slice(0, -2)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/rule-index.ts",
    tests: ["test/policy/rule-index.test.ts"],
    mistakes: [
      [
        "family-filed-by-name",
        "a rule that denies a family of clients is not found for any of them",
        'member !== "clients" || ![...selector].some(isFamily)',
        "true",
      ],
      [
        "unknown-groups-left-out",
        "a token that does not tell all groups escapes the rules about the others",
        "isFactsComplete ? this.#ofGroups(groups) : this.#byGroups",
        "this.#ofGroups(groups)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/asked-facts.ts",
    tests: ["test/policy/asked-facts.test.ts"],
    mistakes: [
      [
        "asked-of-anybody",
        "a token tells its client of groups that only rules about others ask for",
        ".some((rule) => concerns(rule, asker))",
        ".length > 0",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/glob.ts",
    tests: ["test/policy/glob.test.ts"],
    mistakes: [
      [
        "tail-ignored",
        "read_* that ends in _public covers read_secret",
        " || !text.slice(head.length).endsWith(tail)",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/authorization-details.ts",
    tests: ["test/policy/authorization-details.test.ts"],
    mistakes: [
      [
        "one-payment-covers-two",
        "two payments are covered by one",
        "if (tried.has(at)) continue;\n    tried.add(at);\n    const holder = takenBy.get(at);",
        "if (tried.has(at)) continue;\n    tried.add(at);\n    const holder = takenBy.get(-1);",
      ],
      [
        "empty-list-is-less",
        "an empty list, which means everything, counts as less",
        " || asked.length === 0) return false;",
        ") return false;",
      ],
    ],
  }),
];

import { type Mutant, seed } from "../mutant.ts";

const area = "policy";

/** What an expression may say, and how long it may take. */
export const EXPRESSIONS: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/policy/expression.ts",
    tests: [
      "test/policy/conditions.test.ts",
      "test/policy/policy.test.ts",
      "test/policy/expression-cost.test.ts",
      "test/policy/expression-growth.test.ts",
    ],
    mistakes: [
      [
        "regular-expressions-offered",
        "a caller's argument makes a regular expression run for minutes",
        String.raw`if (/\bmatches\b/.test(text))`,
        String.raw`if (/\bmatches\b/.test(""))`,
      ],
      [
        "cost-unbounded",
        "a caller's arguments multiply",
        "findFlaw: (ast) => findCostFlaw(ast) ?? findGrowthFlaw(ast)",
        "findFlaw: (ast) => findGrowthFlaw(ast)",
      ],
      [
        "growth-unbounded",
        "loops within loops over a person's groups hold up every decision",
        "{ environment, findFlaw: findGrowthFlaw }",
        "{ environment, findFlaw: () => null }",
      ],
    ],
  }),
];

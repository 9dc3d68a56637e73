import { type Mutant, seed } from "../mutant.ts";

const area = "redemption";
const checks = "src/redemption/checks";
const test = (name: string): readonly string[] => [`test/redemption/checks/${name}.test.ts`];

/** What is granted of what was asked and asserted, and the last step. */
export const GRANT: readonly Mutant[] = [
  ...seed({
    area,
    file: `${checks}/resource.ts`,
    tests: test("resource"),
    mistakes: [
      [
        "foreign-resource-dropped",
        "an assertion for another resource is narrowed to ours",
        'if ((await findGoverned(asserted, uses)) === null) throw new Rejected("resource_foreign");',
        "await findGoverned(asserted, uses);",
      ],
      [
        "resource-beyond-the-assertion",
        "a client asks for a resource that was not asserted",
        'if (asserted !== null && !asserted.has(requestedResource)) throw new Rejected("resource_unknown");',
        "",
      ],
      [
        "resource-of-another-client",
        "a client gets a resource that it is not registered for",
        'if (!known.client.resources.includes(identifier)) throw new Rejected("resource_not_for_client");',
        "",
      ],
      ["disabled-resource", "a disabled server still gets tokens", " || !found.document.enabled", ""],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/scope.ts`,
    tests: test("scope"),
    mistakes: [
      [
        "scope-beyond-the-assertion",
        "a client gets scopes that the assertion does not have",
        "intersect(ceiling, idJag.assertedScope ?? absentScope(idp, ceiling))",
        "ceiling",
      ],
      [
        "absent-scope-is-a-blank-cheque",
        "an assertion without scope grants all there is",
        'idp.scope_absent === "policy_decides" ? ceiling : new Set()',
        "ceiling",
      ],
      [
        "client-ceiling-ignored",
        "a client gets scopes that it is not registered for",
        'client.scopes === "any" ? registered : intersect(registered, new Set(client.scopes))',
        "registered",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/authorization-details.ts`,
    tests: test("authorization-details"),
    mistakes: [
      [
        "details-beyond-the-assertion",
        "a client gets details that were not asserted",
        "asserted === null || !isCovered(requested, asserted, narrowableOf)",
        "asserted === null",
      ],
      ["details-for-another-resource", "details for another resource are granted", " || !isFor(members, resource)", ""],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/policy.ts`,
    tests: test("policy"),
    mistakes: [
      [
        "resource-lifetime-ignored",
        "a token lives longer than its resource allows",
        "Math.min(decision.tokenLifetimeSeconds, known.resource.token_lifetime_seconds)",
        "decision.tokenLifetimeSeconds",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/single-use.ts`,
    tests: test("single-use"),
    mistakes: [
      [
        "replay-released",
        "a replayed assertion gets a second token",
        'if (consumption === "replayed") throw new Rejected("assertion_replayed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/principal.ts",
    tests: ["test/redemption/principal.test.ts"],
    mistakes: [
      [
        "issuer-not-in-the-principal",
        "two providers' users with one sub are one person",
        "[issuer, tenant ===",
        '["", tenant ===',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/assertion-use.ts",
    tests: ["test/redemption/assertion-use.test.ts"],
    mistakes: [
      [
        "second-use-with-another-key",
        "whoever has the assertion and no key uses it after the one with the key",
        'confirmedKey === null ? "" : `k${confirmedKey}`',
        'confirmedKey === null ? "" : ""',
      ],
    ],
  }),
];

import { clientMatcher } from "../../src/policy/selector.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** What the `sub` of our access tokens begins with (src/redemption/principal.ts). */
const PRINCIPAL_PREFIX = "usr_";

/** RFC 9700 §4.15: a resource server that looks at `sub` alone must not take a client for a person. */
export function findSubjectLikeClients({ set, fileOf }: CheckedTrust): readonly Finding[] {
  const subjects = subjectsInRules(set.policy.values());
  return [...set.client.keys()].flatMap((id): Finding[] => {
    const finding = { severity: "error" as const, file: fileOf("client", id), at: "client_id" };
    const fix = "Register the client under another id.";
    if (id.startsWith(PRINCIPAL_PREFIX)) {
      return [{ ...finding, problem: `"${id}" begins like the principals of our access tokens`, fix }];
    }
    const isOne = clientMatcher(new Set([id]));
    const [subject, organization] = [...subjects].find(([name]) => isOne(name)) ?? [];
    if (subject === undefined) return [];
    const problem =
      subject === id
        ? `"${id}" is also a subject in the policy of ${organization ?? ""}`
        : `"${id}" admits clients by the name of "${subject}", a subject in the policy of ${organization ?? ""}`;
    return [{ ...finding, problem, fix }];
  });
}

type Policies = Iterable<CheckedTrust["set"]["policy"] extends ReadonlyMap<string, infer Policy> ? Policy : never>;

function subjectsInRules(policies: Policies): ReadonlyMap<string, string> {
  const named = [...policies].flatMap(({ organization, rules }) =>
    rules.flatMap(({ subjects, actors }) =>
      [subjects, actors]
        .flatMap((selector) => (selector === undefined || selector === "any" ? [] : [...selector]))
        .map((subject): [string, string] => [subject, organization]),
    ),
  );
  return new Map(named);
}

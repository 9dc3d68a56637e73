import type { JudgedFacts } from "../audit/judged-facts.ts";
import { LIMITS } from "../limits.ts";
import type { Policy } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";

const named = new WeakMap<Policy, ReadonlySet<string>>();

/** The groups that some rule names, once a revision. What an expression looks for, nobody can list. */
export function groupsNamedIn(policy: Policy): ReadonlySet<string> {
  const known = named.get(policy);
  if (known !== undefined) return known;
  const groups = new Set(
    policy.rules.flatMap((rule) => (rule.groups === undefined || rule.groups === "any" ? [] : [...rule.groups])),
  );
  named.set(policy, groups);
  return groups;
}

/** For the audit record: what this policy decided on, and no more of anybody's groups than it asks about. */
export function judgedFacts(policy: Policy, request: PolicyRequest): JudgedFacts {
  const relevant = [...request.groups.intersection(groupsNamedIn(policy))].toSorted().slice(0, LIMITS.auditGroups);
  return {
    groups: relevant,
    other_groups: relevant.length < request.groups.size,
    email_domain: request.emailDomain,
    acr: request.acr,
    amr: [...request.amr],
    auth_time: request.authTimeSeconds,
    proved_key: request.isKeyBound,
  };
}

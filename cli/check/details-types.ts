import type { Policy, Rule } from "../../src/policy/policy.ts";
import { selects } from "../../src/policy/selector.ts";
import { type CheckedTrust, isAnyBroken, listNames } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** Types of authorization_details that a rule names and none of its servers registers: they are never granted. */
export function findUnregisteredTypes(trust: CheckedTrust): readonly Finding[] {
  // What a server that does not parse would have registered, nobody knows.
  if (isAnyBroken(trust, "resource")) return [];
  return [...trust.set.policy.values()].flatMap((policy) =>
    policy.rules.flatMap((rule, index) => ofRule(policy, rule, { index, trust })),
  );
}

interface Place {
  readonly index: number;
  readonly trust: CheckedTrust;
}

function ofRule({ organization }: Policy, rule: Rule, { index, trust }: Place): readonly Finding[] {
  const { authorization_details_types: types } = rule;
  if (types === undefined || types === "any") return [];
  const servers = [...trust.set.resource.values()].filter(({ resource }) => selects(rule.resources, resource));
  const registered = new Set(servers.flatMap((server) => Object.keys(server.authorization_details_types)));
  return [...types].flatMap((type, at): Finding[] =>
    registered.has(type)
      ? []
      : [
          {
            severity: "warning",
            file: trust.fileOf("policy", organization),
            at: `rules.${index}.authorization_details_types.${at}`,
            problem: `none of the MCP servers of the ${rule.effect} rule ${rule.id} registers the type "${type}"`,
            fix:
              registered.size === 0
                ? "Remove it, or describe it under authorization_details_types there."
                : `Registered are ${listNames(registered)}: name one of those, or describe it there.`,
          },
        ],
  );
}

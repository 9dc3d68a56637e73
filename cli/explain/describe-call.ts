import { inertLines } from "../inert-text.ts";
import type { ExplainedCall } from "./explain-call.ts";
import { describeRules } from "./describe-explanation.ts";

/** For a person: the answer first, then the token, the guardrails and the rules that it rests on. */
export function describeCall(call: ExplainedCall): string {
  const lines = [
    headline(call),
    ...facts(call),
    ...guardrails(call),
    ...approvers(call),
    ...describeRules({ rules: [...call.rules], rules_left_out: 0 }),
    "",
    `Not checked here: ${call.not_checked.join("; ")}.`,
  ];
  return `${lines.map(inertLines).join("\n")}\n`;
}

function headline({ decision, reason, meaning, fix, status }: ExplainedCall): string {
  const told = status === null ? "" : `, HTTP ${status}`;
  const first = reason === null ? `${decision}: ${meaning}` : `${decision}: ${reason}${told}\n  ${meaning}`;
  return fix === null ? first : `${first}\n  Fix: ${fix}`;
}

function facts({ token, policy_rules, challenge }: ExplainedCall): readonly string[] {
  const rows: readonly (readonly [string, string | null])[] = [
    ["organization", token.organization],
    ["resource", token.resource],
    ["token's scope", token.scope_granted],
    ["decided by", policy_rules.length === 0 ? null : policy_rules.join(", ")],
    ["asks for", challenge === null ? null : challenge],
  ];
  const known = rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(15)}${value}`]));
  return known.length === 0 ? [] : ["", ...known];
}

function guardrails({ guardrails: list }: ExplainedCall): readonly string[] {
  const rows = list.map(({ name, outcome, count, is_asked }) => {
    const found = count === 0 ? "" : `, ${count} found`;
    return `  ${name}: ${is_asked ? `${outcome}${found}` : "not asked; taken to allow it"}`;
  });
  return rows.length === 0 ? [] : ["", "Guardrails, before the call:", ...rows];
}

function approvers({ approvers: demands }: ExplainedCall): readonly string[] {
  const rows = demands.map(({ rule, approvers: named }) => {
    if (named === "any") return `  ${rule}: any approver`;
    const subjects = named.subjects.map(({ issuer, sub }) => `${sub} at ${issuer}`);
    const lists = [
      ["administrators", named.admins],
      ["groups", named.groups],
      ["subjects", subjects],
    ] as const;
    const said = lists.filter(([, names]) => names.length > 0).map(([what, names]) => `${what} ${names.join(", ")}`);
    return `  ${rule}: ${said.join("; or ")}`;
  });
  return rows.length === 0 ? [] : ["", "To be approved by:", ...rows];
}

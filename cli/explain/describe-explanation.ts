import type { ExplainedRule } from "../../src/explain/explained.ts";
import { inertLines } from "../inert-text.ts";
import type { ExplainedInWords } from "./in-words.ts";

/** The explanation for a person: the answer first, then what it rests on, then what would change it. */
export function describeExplanation(explained: ExplainedInWords): string {
  const lines = [
    ...headline(explained),
    ...facts(explained),
    ...describeRules(explained),
    ...section("What would have to change", explained.would_help),
    ...reservations(explained),
  ];
  return `${lines.map(inertLines).join("\n")}\n`;
}

function headline({ decision, reason, check, error, meaning, fix, compared }: ExplainedInWords): readonly string[] {
  if (reason === null) return [`granted: ${meaning}`];
  const told = error === null ? "" : `; the client is told ${error}`;
  return [
    `${decision}: ${reason}, at the check ${check ?? ""}${told}`,
    `  ${meaning}`,
    ...compared.map((line) => `    ${line}`),
    `  Fix: ${fix ?? ""}`,
  ];
}

function facts({
  organization,
  resource,
  scope_granted,
  authorization_details_granted: details,
  token_lifetime_seconds,
  policy_rules,
}: ExplainedInWords): readonly string[] {
  const lines: readonly (readonly [string, string | null])[] = [
    ["organization", organization],
    ["resource", resource],
    ["scope", scope_granted],
    ["details", details.length === 0 ? null : JSON.stringify(details)],
    ["token lives", token_lifetime_seconds === null ? null : `${token_lifetime_seconds} s`],
    ["decided by", policy_rules.length === 0 ? null : policy_rules.join(", ")],
  ];
  const known = lines.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(14)}${value}`]));
  return known.length === 0 ? [] : ["", ...known];
}

export function describeRules({
  rules,
  rules_left_out,
}: Pick<ExplainedInWords, "rules" | "rules_left_out">): readonly string[] {
  if (rules.length === 0) return [];
  const others = rules_left_out === 0 ? [] : [`  and ${rules_left_out} more rules, none of which applies`];
  return ["", ...rules.flatMap(describeRule), ...others];
}

const MARKS = { holds: "holds", does_not_hold: "does not hold", failed: "fails" } as const;

function describeRule({ rule, effect, applies, conditions }: ExplainedRule): readonly string[] {
  return [
    `  ${effect} ${rule}: ${applies ? "applies" : "does not apply"}`,
    ...conditions.map(({ condition, outcome, because }) => {
      const reason = because === null ? "" : `: ${because}`;
      return `    ${condition} ${MARKS[outcome]}${reason}`;
    }),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  - ${line}`)];
}

function reservations({ assumed, not_checked }: ExplainedInWords): readonly string[] {
  const filledIn =
    assumed.length === 0
      ? []
      : [`Filled in, since the claims leave them out: ${assumed.join(", ")}. A real ID-JAG must state them.`];
  return ["", ...filledIn, `Not checked here: ${not_checked.join(", ")}.`];
}

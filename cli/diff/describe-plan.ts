import { inertLines } from "../inert-text.ts";
import type { AccessChange, AccessChanges } from "./access-changes.ts";
import type { DocumentChange } from "./document-changes.ts";
import type { GuardrailChange } from "./guardrail-changes.ts";
import type { Plan } from "./plan.ts";

/** The plan in words, for somebody who is about to say yes to it. */
export function describePlan({ where, documents, kept, broken, access }: Plan): string {
  const lines = [
    ...broken.map(
      ({ key, path, reason }) =>
        `broken   ${key} in ${where} governs nothing: ${path === "" ? "" : `${path}: `}${reason}`,
    ),
    ...kept.map((key) => `kept     ${key} is in ${where} and in no file; --prune removes it`),
    ...documents.flatMap(describeDocument),
    ...(documents.length === 0 ? [`Nothing changes in ${where}.`] : describeAccess(access)),
  ];
  return `${lines.map(inertLines).join("\n")}\n`;
}

function describeDocument({ change, key, path, members }: DocumentChange): readonly string[] {
  const title = `${change.padEnd(8)} ${key}${path === null ? "" : ` (${path})`}`;
  return [title, ...members.map((line) => `           ${line}`)];
}

function describeAccess({ changes, guardrails, ...extent }: AccessChanges): readonly string[] {
  const moved = [...changes.flatMap(describeChange), ...guardrails.map(describeGuardrail)];
  const told = moved.length === 0 ? ["Nobody gains and nobody loses anything."] : moved;
  return ["", ...told, "", describeExtent(extent.compared, extent.possible), ...describeLimits(extent)];
}

function describeGuardrail({ change, resource, guardrail, note }: GuardrailChange): string {
  return `${change.padEnd(8)} ${resource}: the guardrail ${guardrail}: ${note}`;
}

function describeLimits({
  calls_left_out: left,
  arguments_decide: decide,
}: Pick<AccessChanges, "calls_left_out" | "arguments_decide">): readonly string[] {
  return [
    ...(left === 0 ? [] : [`${left} calls more that rules tell apart were not tried: there are too many.`]),
    ...(decide
      ? ["Expressions over a call's arguments were not tried: a call is taken to be permitted that some arguments are."]
      : []),
  ];
}

function describeChange(moved: AccessChange): readonly string[] {
  const {
    change,
    organization,
    client,
    resource,
    scopes,
    authorization_details_types: types,
    calls,
    note,
    who,
  } = moved;
  const details = types.length === 0 ? [] : [`authorization_details of ${types.join(" ")}`];
  const what = [...(scopes.length === 0 ? [] : [scopes.join(" ")]), ...details, ...calls].join(", ");
  const addition = note === null ? "" : ` (${note})`;
  return [
    `${change.padEnd(8)} ${organization}: ${client} at ${resource}: ${what}${addition}`,
    ...who.map((line) => `           ${line}`),
  ];
}

function describeExtent(compared: number, possible: number): string {
  if (compared === possible) {
    return `Decided ${compared} cases under both: every client, server and scope with one representative of each kind of person that the rules tell apart, as of now.`;
  }
  return `Decided ${compared} of ${possible} cases under both: there are too many to try all, so there may be further gains and losses.`;
}

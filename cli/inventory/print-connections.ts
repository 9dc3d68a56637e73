import type { ServedPerson } from "../../src/audit/connection-people.ts";
import { csvCell } from "../csv-cell.ts";
import { inert } from "../inert-text.ts";
import type { ListedConnection } from "./every-connection.ts";

/** A connection for people: some lines, and an empty one. */
export function describeConnection(connection: ListedConnection): string {
  const { organization, client_id, resource, scopes, people_served = [], stop } = connection;
  const lines = [
    `${organization}  ${client_id}  ${resource}`,
    `  used      ${describeUse(connection)}`,
    `  scopes    ${scopes.length === 0 ? "none" : scopes.join(" ")}`,
    ...describeApprovals(connection).map((text) => `  approved  ${text}`),
    ...people_served.map((person) => `  person    ${describePerson(person)}`),
    `  stop      ${stop}`,
  ];
  return `${lines.map(inert).join("\n")}\n\n`;
}

export function describeUse(connection: ListedConnection): string {
  const { first_use, last_use, people, tokens_issued, calls_allowed, refused, failed } = connection;
  return `${first_use} to ${last_use} by ${people} ${people === 1 ? "person" : "people"}: ${tokens_issued} tokens, ${calls_allowed} calls; ${refused} refused, ${failed} failed`;
}

export function describeApprovals({
  organization,
  approvals,
  approvals_left_out,
}: ListedConnection): readonly string[] {
  const told = approvals.map(({ policy_rules, policy_revision, first_day, last_day, approved_by, approved_at }) => {
    const rules = policy_rules.length === 0 ? "no rule on record" : policy_rules.join(", ");
    const author = approved_by === null ? "" : `, written by ${approved_by} at ${approved_at ?? ""}`;
    return `${rules} of policy:${organization} at ${policy_revision} (${first_day} to ${last_day}${author})`;
  });
  return approvals_left_out === 0 ? told : [...told, `and ${approvals_left_out} older`];
}

export function describePerson({
  principal,
  issuer,
  tenant,
  subject,
  account,
  first_day,
  last_day,
}: ServedPerson): string {
  const named = [subject ?? "(name no longer in the index)", tenant, issuer, account].filter((each) => each !== null);
  return `${named.join("  ")}  ${principal}  ${first_day} to ${last_day}`;
}

const PERSON_MEMBERS = ["principal", "issuer", "tenant", "subject", "account", "first_day", "last_day"] as const;
const MEMBERS = [
  "organization",
  "client_id",
  "resource",
  "first_use",
  "last_use",
  "people",
  "scopes",
  "policy_rules",
  "policy_revisions",
  "approved_by",
  "tokens_issued",
  "calls_allowed",
  "refused",
  "failed",
  "stop",
] as const;

export function csvHeader(withPeople: boolean): string {
  return [...MEMBERS, ...(withPeople ? PERSON_MEMBERS.map((member) => `person_${member}`) : [])].join(",");
}

/** A line a connection; with people, a line for each of them. */
export function connectionToCsv(connection: ListedConnection): readonly string[] {
  const cells = MEMBERS.map((member) => csvCell(cellOf(connection, member)));
  if (connection.people_served === undefined) return [cells.join(",")];
  return connection.people_served.map((person) =>
    [...cells, ...PERSON_MEMBERS.map((member) => csvCell(person[member] ?? ""))].join(","),
  );
}

function cellOf(connection: ListedConnection, member: (typeof MEMBERS)[number]): string {
  const { approvals } = connection;
  if (member === "policy_rules") return distinct(approvals.flatMap(({ policy_rules }) => policy_rules));
  if (member === "policy_revisions") return distinct(approvals.map(({ policy_revision }) => policy_revision));
  if (member === "approved_by") return distinct(approvals.flatMap(({ approved_by }) => approved_by ?? []));
  return member === "scopes" ? distinct(connection.scopes) : String(connection[member]);
}

function distinct(texts: readonly string[]): string {
  return [...new Set(texts)].join(" ");
}

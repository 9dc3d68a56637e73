import { describeApprovals, describePerson } from "../inventory/print-connections.ts";
import type { ListedConnection } from "../inventory/every-connection.ts";
import { show } from "../audit/print-events.ts";
import { inert } from "../inert-text.ts";
import type { AccessReview } from "./access-review.ts";

/** A page that stands alone: no script, nothing fetched, and what others wrote is text in it. */
export function reviewPage(review: AccessReview): string {
  const { organization, from_day, to_day } = review;
  const title = `Access review${organization === null ? "" : `: ${organization}`}, ${from_day} to ${to_day}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${text(title)}</h1>
${summary(review)}
<h2>Connections</h2>
${connections(review)}
${people(review)}
<h2>Changes</h2>
<p>Edits of trust and policy, revocations and key rotations of the period.${review.changes_complete ? "" : " <strong>There were more than a report lists.</strong>"}</p>
${changes(review)}
</body>
</html>
`;
}

const STYLE = `
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1b1b; margin: 2em auto; max-width: 80em; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
table { border-collapse: collapse; width: 100%; font-size: 12px }
th, td { border: 1px solid #bbb; padding: 4px 6px; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { background: #eee } td.number { text-align: right } td.decision { min-width: 7em }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 1em } dt { font-weight: 600 } dd { margin: 0 }
code { font-size: 11px }
@media print { body { margin: 0; max-width: none } h2 { break-after: avoid } tr { break-inside: avoid } thead { display: table-header-group } }
`;

function summary({ where, made_at, from_day, to_day, connections: listed, changes: made }: AccessReview): string {
  const sum = (member: "tokens_issued" | "calls_allowed" | "refused" | "failed"): number =>
    listed.reduce((total, connection) => total + connection[member], 0);
  const rows = [
    ["Of", where],
    ["Period", `${from_day} (included) to ${to_day} (excluded), in UTC`],
    ["Made", made_at],
    ["Connections", String(listed.length)],
    ["Tokens issued", String(sum("tokens_issued"))],
    ["Calls allowed", String(sum("calls_allowed"))],
    ["Refused, failed", `${sum("refused")}, ${sum("failed")}`],
    ["Changes", String(made.length)],
  ];
  const items = rows.map(([name = "", value = ""]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join("\n");
  return `<dl>\n${items}\n</dl>
<p>Made from the index of the audit trail. The record itself is the archive, which <code>crossgate audit verify</code>
checks against signed checkpoints. Reviewers sign each line in the last column.</p>`;
}

function connections({ connections: listed }: AccessReview): string {
  if (listed.length === 0) return "<p>Nothing was granted to anybody.</p>";
  const head = [
    "Organization",
    "Client",
    "Server",
    "First, last use",
    "People",
    "Scopes",
    "Approved by",
    "Tokens",
    "Calls",
    "Refused",
    "Failed",
    "To stop it",
    "Keep? Who, when",
  ];
  return table(head, listed.map(connectionRow));
}

function connectionRow(connection: ListedConnection): string {
  const { organization, client_id, resource, first_use, last_use, people: count, scopes, stop } = connection;
  return [
    cell(organization),
    cell(client_id),
    cell(resource),
    cell(`${first_use} ${last_use}`),
    number(count),
    cell(scopes.join(" ")),
    `<td>${describeApprovals(connection).map(text).join("<br>")}</td>`,
    ...[connection.tokens_issued, connection.calls_allowed, connection.refused, connection.failed].map(number),
    `<td><code>${text(stop)}</code></td>`,
    `<td class="decision"></td>`,
  ].join("");
}

function people({ connections: listed }: AccessReview): string {
  const named = listed.filter(({ people_served }) => people_served !== undefined);
  if (named.length === 0) return "";
  const rows = named.flatMap(({ organization, client_id, resource, people_served = [] }) =>
    people_served.map((person) => [organization, client_id, resource, describePerson(person)].map(cell).join("")),
  );
  return `<h2>People</h2>\n${table(["Organization", "Client", "Server", "Person, first and last day"], rows)}`;
}

const CHANGE_MEMBERS = [
  "time",
  "type",
  "action",
  "decision",
  "admin",
  "claimed_by",
  "operation",
  "document_key",
  "revision_before",
  "revision_after",
  "reason",
];

function changes({ changes: made }: AccessReview): string {
  if (made.length === 0) return "<p>None.</p>";
  const head = [
    "When",
    "Kind",
    "What",
    "Decision",
    "Who",
    "Who, by his own word",
    "Operation",
    "Document",
    "Revision before",
    "Revision after",
    "Reason",
  ];
  return table(
    head,
    made.map((event) => CHANGE_MEMBERS.map((member) => cell(show(event[member]))).join("")),
  );
}

function table(head: readonly string[], rows: readonly string[]): string {
  const body = rows.map((row) => `<tr>${row}</tr>`).join("\n");
  return `<table>\n<thead><tr>${head.map((name) => `<th scope="col">${text(name)}</th>`).join("")}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function cell(value: string): string {
  return `<td>${text(value)}</td>`;
}

function number(value: number): string {
  return `<td class="number">${value}</td>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function text(value: string): string {
  return inert(value).replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
}

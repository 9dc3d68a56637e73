import { csvCell } from "../csv-cell.ts";
import { inert } from "../inert-text.ts";

/** An event as the index has it: an object of texts, numbers and lists. */
export type FoundEvent = Readonly<Record<string, unknown>>;

const CSV_MEMBERS = [
  "time",
  "type",
  "action",
  "decision",
  "reason",
  "organization",
  "issuer",
  "subject",
  "actor",
  "admin",
  "client_id",
  "resource",
  "method",
  "target",
  "scope_granted",
  "policy_rules",
  "token_id",
  "correlation_id",
  "id",
] as const;

export const CSV_HEADER = CSV_MEMBERS.join(",");

export function toCsv(event: FoundEvent): string {
  return CSV_MEMBERS.map((member) => csvCell(show(event[member]))).join(",");
}

/** A line for people: when, what was decided, who, what, why. */
export function toLine(event: FoundEvent): string {
  const what = event["type"] === "redemption" ? "redeem" : show(event["method"] ?? event["action"] ?? event["type"]);
  return [
    show(event["time"]),
    show(event["decision"]).padEnd(7),
    [what, show(event["target"])].filter((part) => part !== "").join(" "),
    show(event["client_id"] ?? event["admin"]),
    show(event["subject"]),
    show(event["resource"] ?? event["document_key"]),
    show(event["reason"] ?? event["scope_granted"]),
  ]
    .map(inert)
    .join("  ");
}

/** A member for people; empty where it is absent. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(" ");
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

import * as z from "zod";
import type { TrustBackend } from "../backend/trust-backend.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { describeReason, isReason } from "./reasons.ts";

/** What the record says and its meaning. Loose, since records outlive the code that wrote them. */
const recordSchema = z.looseObject({
  time: z.string(),
  type: z.string(),
  decision: z.string(),
  reason: z.string().nullable().default(null),
  check: z.string().nullable().default(null),
  policy_rules: z.array(z.string()).default([]),
});

export interface ExplainedRecord {
  readonly record: z.output<typeof recordSchema>;
  readonly meaning: string | null;
  readonly fix: string | null;
}

/** @throws UsageError for what is no correlation id, CommandError when there is no record under it */
export async function explainRecords(
  correlationId: string,
  backend: Pick<TrustBackend, "name" | "audit">,
): Promise<readonly ExplainedRecord[]> {
  // Goes into a statement as text: what wrangler executes has no parameters.
  if (!/^[A-Za-z0-9-]{1,64}$/.test(correlationId)) {
    throw new UsageError(`"${correlationId}" is no correlation id: copy it from the response or its header.`);
  }
  const records = await backend.audit.findRecords(correlationId);
  if (records.length > 0) return records.map(explainText);
  throw new CommandError(
    `${backend.name} has no record under ${correlationId}. Records arrive some seconds after the answer; what nobody in particular sent is counted and not recorded; ask the right one with --state or --remote.`,
  );
}

function explainText(text: string): ExplainedRecord {
  const record = recordSchema.parse(JSON.parse(text));
  const { reason } = record;
  if (reason === null) return { record, meaning: null, fix: null };
  if (isReason(reason)) return { record, ...describeReason(reason) };
  return { record, meaning: null, fix: "Use the version of crossgate that wrote this record to have it explained." };
}

export function describeRecord({ record, meaning, fix }: ExplainedRecord): string {
  const { time, type, decision, reason, check } = record;
  const title = reason === null ? `${decision}: ${type}` : `${decision}: ${reason}, at the check ${check ?? ""}`;
  const members = TOLD.flatMap(([label, member]) => {
    const text = show(record[member]);
    return text === "" ? [] : [`  ${label.padEnd(14)}${text}`];
  });
  const explained = [meaning, fix === null ? null : `Fix: ${fix}`].flatMap((line) =>
    line === null ? [] : [`  ${line}`],
  );
  return `${[title, ...explained, "", `  ${"time".padEnd(14)}${time}`, ...members].join("\n")}\n`;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(", ");
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

const TOLD = [
  ["organization", "organization"],
  ["client", "client_id"],
  ["issuer", "issuer"],
  ["tenant", "tenant"],
  ["subject", "subject"],
  ["account", "account"],
  ["actor", "actor"],
  ["resource", "resource"],
  ["asked for", "scope_requested"],
  ["asserted", "scope_asserted"],
  ["granted", "scope_granted"],
  ["details", "authorization_details_types"],
  ["rules", "policy_rules"],
  ["assertion use", "assertion_use"],
  ["method", "method"],
  ["target", "target"],
  ["member", "member"],
  ["its tool", "member_tool"],
  ["upstream said", "upstream_status"],
  ["document", "document_key"],
  ["path", "document_path"],
] as const;

import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { LegFailed, say, title } from "./narrator.ts";
import type { Refused } from "./refusals.ts";
import type { World } from "./world.ts";

const recordSchema = z.looseObject({
  correlation_id: z.string(),
  type: z.string(),
  decision: z.string(),
  reason: z.string().nullable().default(null),
  check: z.string().nullable().default(null),
  subject: z.string().nullable().default(null),
  client_id: z.string().nullable().default(null),
  resource: z.string().nullable().default(null),
  scope_granted: z.string().nullable().default(null),
  method: z.string().nullable().default(null),
  target: z.string().nullable().default(null),
  policy_rules: z.array(z.string()).default([]),
});
type AuditRecord = z.output<typeof recordSchema>;

const DEADLINE_MILLISECONDS = 30_000;

interface Expected {
  readonly refused: readonly Refused[];
  readonly grants: number;
  readonly calls: number;
}

/** Waits until the trail says all that has happened (outbox, queue and index take a few seconds), and prints it. */
export async function showAuditTrail(world: World, expected: Expected): Promise<void> {
  title("The audit trail of all of it");
  const deadline = Date.now() + DEADLINE_MILLISECONDS;
  let records = await readRecords(world);
  while (missing(records, expected).length > 0) {
    if (Date.now() > deadline) throw new LegFailed(`the audit trail lacks: ${missing(records, expected).join(", ")}`);
    // oxlint-disable-next-line no-await-in-loop -- polling
    await wait(250);
    // oxlint-disable-next-line no-await-in-loop -- polling
    records = await readRecords(world);
  }
  for (const record of records) say(`  ${describe(record)}`);
}

async function readRecords({ crossgate }: World): Promise<readonly AuditRecord[]> {
  const { results } = await crossgate.d1.prepare("SELECT event FROM audit_event ORDER BY time, sequence").all();
  return results.map(({ event }) => recordSchema.parse(JSON.parse(String(event))));
}

function missing(records: readonly AuditRecord[], { refused, grants, calls }: Expected): readonly string[] {
  const count = (type: string): number =>
    records.filter((record) => record.type === type && record.decision === "granted").length;
  const unrecorded = refused.filter(
    ({ correlationId, reason }) =>
      !records.some((record) => record.correlation_id === correlationId && record.reason === reason),
  );
  return [
    ...unrecorded.map(({ reason }) => `the refusal ${reason}`),
    ...(count("redemption") < grants ? [`${grants} granted redemptions (has ${count("redemption")})`] : []),
    ...(count("gateway_call") < calls ? [`${calls} tool calls (has ${count("gateway_call")})`] : []),
  ];
}

function describe(record: AuditRecord): string {
  const named = [record.method, record.target].filter(Boolean).join(" ");
  const what = record.type === "redemption" ? "redeem" : named || record.type;
  const why = record.reason === null ? record.policy_rules.join(", ") || (record.scope_granted ?? "") : record.reason;
  return [
    record.decision.padEnd(8),
    what.padEnd(28),
    (record.client_id ?? "").padEnd(14),
    (record.subject ?? "—").padEnd(6),
    why,
  ].join(" ");
}

import * as z from "zod";
import { judgedFactsSchema } from "../../src/audit/judged-facts.ts";
import type { Row, TrustBackend } from "../backend/trust-backend.ts";

/** Loose, and everything but the decision optional: records outlive the code that wrote them. */
const recordSchema = z.looseObject({
  id: z.string(),
  time: z.string(),
  decision: z.enum(["granted", "refused"]),
  reason: z.string().nullish(),
  check: z.string().nullish(),
  correlation_id: z.string(),
  organization: z.string().nullish(),
  issuer: z.string().nullish(),
  tenant: z.string().nullish(),
  subject: z.string().nullish(),
  actor: z.string().nullish(),
  client_id: z.string().nullish(),
  resource: z.string().nullish(),
  scope_requested: z.string().nullish(),
  scope_asserted: z.string().nullish(),
  scope_granted: z.string().nullish(),
  authorization_details_types: z.array(z.string()).nullish(),
  policy_rules: z.array(z.string()).nullish(),
  policy_revision: z.string().nullish(),
  judged: judgedFactsSchema.nullish(),
});

export type RecordedDecision = z.output<typeof recordSchema>;

export interface RecordedDecisions {
  readonly decisions: readonly RecordedDecision[];
  /** Rows that are no record as this version reads them. */
  readonly unreadable: number;
  readonly isComplete: boolean;
}

const PAGE = 2000;
const MOST_DECISIONS = 50_000;
const DAY_MILLISECONDS = 86_400_000;

/** Decisions of the token endpoint since so many days, oldest first, in pages that a command's output can hold. */
export async function readDecisions(
  backend: Pick<TrustBackend, "query">,
  { days, nowMilliseconds }: { readonly days: number; readonly nowMilliseconds: number },
): Promise<RecordedDecisions> {
  const decisions: RecordedDecision[] = [];
  let [unreadable, read] = [0, 0];
  let after = { time: new Date(nowMilliseconds - days * DAY_MILLISECONDS).toISOString(), id: "" };
  while (read < MOST_DECISIONS) {
    const rows = await backend.query(pageAfter(after));
    const records = rows.flatMap((row) => readRow(row) ?? []);
    decisions.push(...records);
    unreadable += rows.length - records.length;
    read += rows.length;
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) return { decisions, unreadable, isComplete: true };
    after = { time: String(last["time"]), id: String(last["id"]) };
  }
  return { decisions, unreadable, isComplete: false };
}

/** Goes as text, since what wrangler executes has no parameters; both values are our own, and are quoted all the same. */
function pageAfter({ time, id }: { readonly time: string; readonly id: string }): string {
  const [at, last] = [quote(time), quote(id)];
  return (
    "SELECT id, time, event FROM audit_event WHERE type = 'redemption' AND decision IN ('granted', 'refused') " +
    `AND (time > ${at} OR (time = ${at} AND id > ${last})) ORDER BY time, id LIMIT ${PAGE}`
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function readRow({ event }: Row): RecordedDecision | null {
  try {
    return recordSchema.parse(JSON.parse(String(event)));
  } catch {
    return null;
  }
}

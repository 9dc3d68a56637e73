import { LIMITS } from "../limits.ts";

type Index = Pick<D1Database, "prepare">;

/** By the index of words, of which a correlation id is one; then by the member itself, since others may hold the word. */
const BY_CORRELATION = `
  SELECT event FROM audit_event
  WHERE place IN (SELECT rowid FROM audit_term WHERE audit_term MATCH ?1) AND correlation_id = ?2
  ORDER BY place LIMIT ?3`;

/** @returns the serialized records of one request, in the order of time */
export async function findByCorrelation(index: Index, correlationId: string): Promise<readonly string[]> {
  const words = `names : "${correlationId}"`;
  const statement = index.prepare(BY_CORRELATION).bind(words, correlationId, LIMITS.recordsPerAnswer);
  return (await statement.all<{ event: string }>()).results.map(({ event }) => event);
}

export interface Activity {
  /** When the newest event happened that has arrived in the index; null when there is none. */
  readonly last_event: string | null;
  readonly last_hour: Readonly<Record<string, number>>;
}

const COUNTED = `
  SELECT decision, count(*) AS events FROM audit_event
  WHERE place >= CAST(?1 AS INTEGER) GROUP BY decision ORDER BY decision`;

/** @param since a place of the index (`earliestPlace`): 63 bits, so it travels as text */
export async function readActivity(index: Index, since: bigint): Promise<Activity> {
  const newest = index.prepare("SELECT time FROM audit_event ORDER BY place DESC LIMIT 1").first<string>("time");
  const counted = index.prepare(COUNTED).bind(String(since)).all<{ decision: string; events: number }>();
  const [last_event, { results }] = await Promise.all([newest, counted]);
  return { last_event, last_hour: Object.fromEntries(results.map(({ decision, events }) => [decision, events])) };
}

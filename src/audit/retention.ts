import { LIMITS } from "../limits.ts";
import type { IndexStore } from "./audit-index.ts";
import { earliestPlace } from "./place.ts";

export interface Retention {
  readonly index: IndexStore;
  /** How long events stay searchable; null while a legal hold is on. */
  readonly days: number | null;
  readonly nowMilliseconds: number;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Takes out of the index what is older than it should be, in steps of a size that no search notices, and of so many steps
 * that a round keeps up with what an hour brings. The archive is not touched. @returns how many events went
 */
export async function enforceRetention({ index, days, nowMilliseconds }: Retention): Promise<number> {
  if (days === null) return 0;
  const horizonMilliseconds = nowMilliseconds - days * DAY_MILLISECONDS;
  const removed = await removeInSteps(index, EVENTS, String(earliestPlace(horizonMilliseconds)));
  const day = new Date(horizonMilliseconds).toISOString().slice(0, 10);
  for (const sql of [...CONNECTION_DAYS, CONNECTIONS]) {
    // oxlint-disable-next-line no-await-in-loop -- a connection goes when nothing that rests on it is left
    await removeInSteps(index, sql, day);
  }
  return removed;
}

async function removeInSteps(index: IndexStore, sql: string, horizon: string): Promise<number> {
  let removed = 0;
  for (let step = 0; step < LIMITS.auditRetentionSteps; step += 1) {
    // oxlint-disable-next-line no-await-in-loop -- small steps one after the other, so that searches come between
    const { meta } = await index.prepare(sql).bind(horizon, LIMITS.auditRetentionRows).run();
    removed += meta.changes;
    if (meta.changes < LIMITS.auditRetentionRows) break;
  }
  return removed;
}

const EVENTS = `
  DELETE FROM audit_event WHERE place IN
    (SELECT place FROM audit_event WHERE place < CAST(?1 AS INTEGER) ORDER BY place LIMIT ?2)`;

/** The days of each connection stand together, so what is old is found without reading what is not. */
const CONNECTION_DAYS = [
  ["audit_connection_day", "connection, day, type, decision"],
  ["audit_connection_approval", "connection, day, policy_revision, policy_rules, scope"],
  ["audit_connection_person", "connection, day, principal"],
].map(
  ([table, key = ""]) => `
  DELETE FROM ${table} WHERE (${key}) IN
    (SELECT ${key.replaceAll(/\w+/g, "d.$&")} FROM audit_connection c CROSS JOIN ${table} d ON d.connection = c.id AND d.day < ?1
      LIMIT ?2)`,
);

const CONNECTIONS = `
  DELETE FROM audit_connection WHERE id IN
    (SELECT id FROM audit_connection c WHERE coalesce(last_use, '') < ?1
      AND NOT EXISTS (SELECT 1 FROM audit_connection_day d WHERE d.connection = c.id) LIMIT ?2)`;

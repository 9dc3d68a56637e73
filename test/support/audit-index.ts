import { env } from "cloudflare:workers";
import {
  type AuditEvent,
  makeAuditEvent,
  serializeAuditEvent,
  traceWithoutRequest,
} from "../../src/audit/audit-event.ts";
import { indexBatches } from "../../src/audit/audit-index.ts";
import type { Ask, Statement } from "../../src/audit/statement.ts";

/** The index as a Worker asks it. */
export const askIndex: Ask = async ({ sql, values }) =>
  (
    await env.AUDIT_INDEX.prepare(sql)
      .bind(...values)
      .all<Record<string, unknown>>()
  ).results;

/** The steps of SQLite's plan. */
export async function planOf({ sql, values }: Statement): Promise<readonly string[]> {
  const steps = await askIndex({ sql: `EXPLAIN QUERY PLAN ${sql}`, values });
  return steps.map(({ detail }) => String(detail));
}

let chains = 0;

export interface IndexedChain {
  readonly chain: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly hash: string;
  readonly events: readonly string[];
}

/** A batch of a chain of its own, of events that happened at these times. */
export function batchOf(events: readonly (Partial<AuditEvent> & { readonly at: string })[]): IndexedChain {
  chains += 1;
  const spelled = events.map(({ at, ...facts }) => {
    const trace = traceWithoutRequest(Date.parse(at));
    return serializeAuditEvent(
      makeAuditEvent(crypto.randomUUID(), trace, { type: "redemption", decision: "granted", ...facts }),
    );
  });
  const chain = `ledger/v1/${chains % 200}/${crypto.randomUUID().slice(0, 8)}`;
  return { chain, firstSequence: 1, lastSequence: spelled.length, hash: "0".repeat(64), events: spelled };
}

export function indexAll(...batches: readonly IndexedChain[]): Promise<void> {
  return indexBatches(env.AUDIT_INDEX, batches);
}

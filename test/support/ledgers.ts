import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { AssertionLedger } from "../../durable-objects/assertion-ledger.ts";
import { type AuditEvent, auditEventSchema } from "../../src/audit/audit-event.ts";

export type LedgerStub = DurableObjectStub<AssertionLedger>;

/** As little of a record of a grant as a ledger needs. */
export function grantBy(attemptId: string): string {
  return JSON.stringify({ decision: "granted", id: attemptId, token_id: attemptId });
}

export interface StoredRow {
  readonly attempt: string;
  readonly sequence: number;
  readonly event: string;
}

/** Inside the object, where its methods and its storage are at hand in one turn. */
export function inLedger<Result>(
  stub: LedgerStub,
  look: (ledger: AssertionLedger, state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> {
  return runInDurableObject<AssertionLedger, Result>(stub, look);
}

/** Straight from storage, past every method of the object. */
export function storedRows(stub: LedgerStub): Promise<readonly StoredRow[]> {
  return inLedger(stub, (_ledger, { storage }) => rowsIn(storage.sql));
}

export function rowsIn(sql: SqlStorage): readonly StoredRow[] {
  return windowsIn(sql)
    .flatMap((window) => [
      ...sql.exec<{ attempt: string; sequence: number; event: string }>(
        `SELECT attempt, sequence, event FROM ${window}`,
      ),
    ])
    .toSorted((left, right) => left.sequence - right.sequence);
}

export function windowsIn(sql: SqlStorage): readonly string[] {
  const tables = sql.exec<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE name GLOB 'consumed_*' ORDER BY name",
  );
  return [...tables].map(({ name }) => name);
}

/** The ledgers that the Worker under test spreads its assertions over. */
export function deployedLedgers(): readonly LedgerStub[] {
  return Array.from({ length: Number(env.LEDGER_SHARDS) }, (_, shard) =>
    env.ASSERTION_LEDGER.getByName(`ledger/v1/${shard}`),
  );
}

/** Every row of the deployment, of every test of this file. */
export async function deployedRows(): Promise<readonly StoredRow[]> {
  return (await Promise.all(deployedLedgers().map(storedRows))).flat();
}

/** The audit record of one client. */
export async function recordedEvents(clientId: string): Promise<readonly AuditEvent[]> {
  return (await allEvents()).filter((event) => event.client_id === clientId);
}

/** Of whatever an identity provider said or did, in the order of time. */
export async function eventsOfIssuer(issuer: string): Promise<readonly AuditEvent[]> {
  return (await allEvents())
    .filter((event) => event.issuer === issuer)
    .toSorted((left, right) => (left.time < right.time ? -1 : 1));
}

async function allEvents(): Promise<readonly AuditEvent[]> {
  const events = (await deployedRows()).filter(({ event }) => event !== "");
  return events.map(({ event }) => auditEventSchema.parse(JSON.parse(event)));
}

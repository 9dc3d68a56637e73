import worker, {
  AssertionLedger as RealLedger,
  IssuerKeySet as RealKeySet,
  RevocationRegistry as RealRegistry,
} from "../../src/worker.ts";
import type { ConfirmedBatch, ConsumeRequest, ConsumeResult } from "../../durable-objects/assertion-ledger.ts";
import type { LeaseRequest } from "../../durable-objects/revocation-registry.ts";
import type { FenceUpdate, Position } from "../../src/revocation/fence-set.ts";
import type { FetchedKeySet, KeySetRequest } from "../../durable-objects/issuer-key-set.ts";

/**
 * Crossgate as it is deployed, with every billed operation of its Worker and its Durable Objects counted from outside:
 * nothing in src/ knows of it. A cursor's counts grow as it is read, so cursors are kept and summed up when asked for.
 */
const counts = { workerRequests: 0, consumerInvocations: 0, durableObjectRequests: 0, alarmsSet: 0, dataPoints: 0 };
let cursors: { readonly statement: string; readonly cursor: SqlStorageCursor<Record<string, SqlStorageValue>> }[] = [];
let isPatched = false;
let clockAheadMilliseconds = 0;
const readClock = Date.now.bind(Date);
Date.now = () => readClock() + clockAheadMilliseconds;

/** The runtime's own prototypes, since a Durable Object's context takes no stand-in. */
function countStorage({ storage }: DurableObjectState): void {
  if (isPatched) return;
  isPatched = true;
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
  const { exec } = sql;
  sql.exec = function counted<Row extends Record<string, SqlStorageValue>>(
    this: SqlStorage,
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    const cursor = exec.call(this, query, ...bindings);
    cursors.push({ statement: nameOf(query), cursor });
    return cursor as SqlStorageCursor<Row>;
  };
  const prototype = Object.getPrototypeOf(storage) as DurableObjectStorage;
  const { setAlarm } = prototype;
  prototype.setAlarm = function counted(this: DurableObjectStorage, ...parameters: Parameters<typeof setAlarm>) {
    counts.alarmsSet += 1;
    return setAlarm.apply(this, parameters);
  };
}

/** "INSERT INTO consumed_N": the statement without what differs from window to window. */
function nameOf(query: string): string {
  const [head = ""] = query.replaceAll(/_\d+/g, "_N").split(/ UNION ALL |\(/);
  return head.trim().slice(0, 64);
}

export { AccountDirectory } from "../../src/worker.ts";

export class AssertionLedger extends RealLedger {
  constructor(context: DurableObjectState, env: Env) {
    countStorage(context);
    super(context, env);
  }

  override consume(request: ConsumeRequest): ConsumeResult | Promise<ConsumeResult> {
    counts.durableObjectRequests += 1;
    return super.consume(request);
  }

  override record(key: ArrayBuffer, attemptId: string, event: string): "recorded" | "backlogged" {
    counts.durableObjectRequests += 1;
    return super.record(key, attemptId, event);
  }

  override confirm(confirmed: readonly ConfirmedBatch[]): void {
    counts.durableObjectRequests += 1;
    super.confirm(confirmed);
  }

  override alarm(): Promise<void> {
    counts.durableObjectRequests += 1;
    return super.alarm();
  }

  /** What the alarm of an expired window does, without waiting for it. */
  expire(): Promise<void> {
    return this.alarm();
  }
}

export class IssuerKeySet extends RealKeySet {
  override find(request: KeySetRequest): Promise<FetchedKeySet | null> {
    counts.durableObjectRequests += 1;
    return super.find(request);
  }
}

export { ClientDocumentSet, DocumentEdits, Vault } from "../../src/worker.ts";

/** What ledgers and isolates ask of it, and nothing that an operator does. */
export class RevocationRegistry extends RealRegistry {
  override renewLease(request: LeaseRequest): FenceUpdate {
    counts.durableObjectRequests += 1;
    return super.renewLease(request);
  }

  override since(heard: Position): FenceUpdate {
    counts.durableObjectRequests += 1;
    return super.since(heard);
  }
}

function countedCounters(env: Env): Env {
  const writeDataPoint = (): void => {
    counts.dataPoints += 1;
  };
  return { ...env, COUNTERS: { writeDataPoint } };
}

let countedEnv: Env | null = null;

export default {
  fetch(request, env) {
    counts.workerRequests += 1;
    countedEnv ??= countedCounters(env);
    return worker.fetch(request, countedEnv);
  },
  queue(batch, env) {
    counts.consumerInvocations += 1;
    return worker.queue(batch, env);
  },
} satisfies ExportedHandler<Env>;

/** GET /counts; POST /expire moves the clock past every window's retention and lets the shards forget. */
export const control = {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/expire") {
      clockAheadMilliseconds = Number(searchParams.get("milliseconds"));
      const shards = Number(env.LEDGER_SHARDS);
      const names = Array.from({ length: shards }, (_, shard) => `ledger/v1/${shard}`);
      const namespace = env.ASSERTION_LEDGER as unknown as DurableObjectNamespace<AssertionLedger>;
      await Promise.all(names.map((name) => namespace.getByName(name).expire()));
    }
    return Response.json({ ...counts, statements: sumUp() });
  },
} satisfies ExportedHandler<Env>;

interface StatementCost {
  executions: number;
  rowsRead: number;
  rowsWritten: number;
}

const summedUp = new Map<string, StatementCost>();

function sumUp(): Record<string, StatementCost> {
  for (const { statement, cursor } of cursors) {
    const sum = summedUp.get(statement) ?? { executions: 0, rowsRead: 0, rowsWritten: 0 };
    sum.executions += 1;
    sum.rowsRead += cursor.rowsRead;
    sum.rowsWritten += cursor.rowsWritten;
    summedUp.set(statement, sum);
  }
  cursors = [];
  return Object.fromEntries(summedUp);
}

/** Cloudflare's published prices beyond what a paid plan includes, in US dollars, as of November 2026. */
export const DOLLARS_PER_MILLION = {
  workerRequests: 0.3,
  processorMilliseconds: 0.02,
  durableObjectRequests: 0.15,
  durableObjectRowsWritten: 1,
  durableObjectRowsRead: 0.001,
  keyValueReads: 0.5,
  keyValueWrites: 5,
  queueOperations: 0.4,
  archiveWrites: 4.5,
  indexRowsWritten: 1,
  indexRowsRead: 0.001,
  dataPoints: 0.25,
} as const;

export type BilledOperation = keyof typeof DOLLARS_PER_MILLION;

export const OPERATION_LABELS: Readonly<Record<BilledOperation, string>> = {
  workerRequests: "Worker requests (consumer included)",
  processorMilliseconds: "Worker CPU-ms (of this machine)",
  durableObjectRequests: "Durable Object requests (alarms too)",
  durableObjectRowsWritten: "Durable Object rows written (setAlarm too)",
  durableObjectRowsRead: "Durable Object rows read",
  keyValueReads: "KV reads",
  keyValueWrites: "KV writes",
  queueOperations: "Queue operations",
  archiveWrites: "R2 writes",
  indexRowsWritten: "D1 rows written",
  indexRowsRead: "D1 rows read",
  dataPoints: "Analytics Engine data points",
};

/** A million of what one costs: operations each times dollars a million of them. What was not counted costs nothing. */
export function priceOf(operations: Readonly<Partial<Record<BilledOperation, number>>>): number {
  const names = Object.keys(DOLLARS_PER_MILLION) as BilledOperation[];
  // oxlint-disable-next-line typescript/prefer-nullish-coalescing -- NaN, of what the system does not tell, is nothing too
  return names.reduce((sum, name) => sum + (operations[name] || 0) * DOLLARS_PER_MILLION[name], 0);
}

import type { Bill } from "./billing.ts";
import { formatNumber } from "./table.ts";

/** What a redemption may cost where so many arrive; by the second, over a run in which each shard delivers several times. */
const PROMISED = { arrivingPerSecond: 100, rowsWritten: 2, queueMessages: 0.05 } as const;
const FEWEST_REQUESTS = 1000;
/** Written, read and deleted. */
const OPERATIONS_PER_MESSAGE = 3;

/** The promise of README and design in one line, with what it leaves out. */
export function describeCostPromise(bills: readonly Bill[]): string {
  const bill = bills.find(
    ({ what, requests, arrivedPerSecond }) =>
      what === "redemption" &&
      requests >= FEWEST_REQUESTS &&
      Math.abs(arrivedPerSecond / PROMISED.arrivingPerSecond - 1) < 0.2,
  );
  const { rowsWritten: rows, queueMessages: messages, arrivingPerSecond } = PROMISED;
  const promise = `at ${arrivingPerSecond} redemptions a second: at most ${rows} rows written and ${messages} queue messages each`;
  if (bill === undefined)
    return `  Promised ${promise}. Not measured in this run: it was too short, or fewer arrived.\n`;
  const { durableObjectRowsWritten = 0, queueOperations = 0, indexRowsWritten = 0 } = bill.operations;
  const sent = queueOperations / OPERATIONS_PER_MESSAGE;
  const isKept = durableObjectRowsWritten <= rows && sent <= messages;
  return `  Promised ${promise}.
  Counted at ${formatNumber(bill.arrivedPerSecond)} a second: ${durableObjectRowsWritten.toFixed(2)} rows in Durable Objects and ${sent.toFixed(3)} queue messages: ${isKept ? "kept" : "NOT KEPT"}.
  Beside that the index (D1), which exists to be searched, takes ${indexRowsWritten.toFixed(2)} rows: ${(durableObjectRowsWritten + indexRowsWritten).toFixed(2)} in all.
`;
}

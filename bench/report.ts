import type { Billing } from "./billing.ts";
import { describeCostPromise } from "./cost-promise.ts";
import type { ColdStart } from "./cold-start.ts";
import type { PolicyCost } from "./policy-cost.ts";
import { type BilledOperation, DOLLARS_PER_MILLION, OPERATION_LABELS } from "./prices.ts";
import { figuresOf } from "./figures.ts";
import type { Refusals } from "./refusals.ts";
import { formatCompared, formatFigures, formatGateway, formatLedger, formatStreams } from "./report-gateway.ts";
import type { Results } from "./results.ts";
import { formatNumber, formatTable } from "./table.ts";
import type { Comparison, SteadyResult } from "./throughput.ts";

const BUSY_LOAD = 0.5;

export function formatReport(results: Results): string {
  const { throughput, refusals, coldStarts, policy, billing, gateway, streams, scaling, ledger } = results;
  return [
    formatMachine(results),
    ...(throughput?.comparisons ?? []).map(formatComparison),
    throughput === null ? "" : formatSteady(throughput.steady),
    refusals === null ? "" : formatRefusals(refusals),
    coldStarts === null ? "" : formatColdStarts(coldStarts),
    policy === null ? "" : formatPolicy(policy),
    billing === null ? "" : formatBilling(billing),
    gateway === null ? "" : formatGateway(gateway),
    streams === null ? "" : formatStreams(streams),
    scaling === null ? "" : formatCompared("Tokens by what there is more of, saturated (32 connections)", scaling),
    ledger === null ? "" : formatLedger(ledger),
    formatFigures(figuresOf(results)),
    formatLimits(results),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function formatMachine({ machine, loadGenerator, rounds }: Results): string {
  const { processor, cores, system, node, workerd, pinning } = machine;
  const pinned = pinning === null ? "not pinned" : `server on core ${pinning.server}, load on core ${pinning.load}`;
  return `\n${processor}, ${cores} cores, ${system}; workerd ${workerd}, Node ${node}
${loadGenerator}, ${pinned}; medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}\n`;
}

function formatComparison({ state, load, connections, subjects }: Comparison): string {
  const places = { memory: "memory-backed files", disk: "files on disk" };
  const many = connections === 1 ? "1 connection" : `${connections} connections`;
  const rows = subjects.map((subject) => [
    subject.subject,
    formatNumber(subject.requestsPerSecond),
    formatPart(subject.spread),
    formatPart(subject.crossgateRelative),
    ...[subject.latencyMilliseconds.p50, subject.latencyMilliseconds.p95, subject.latencyMilliseconds.p99].map(
      formatNumber,
    ),
    formatNumber(subject.processorMicroseconds),
    String(subject.unexpected),
  ]);
  const header = [
    "",
    "requests/s",
    "spread",
    "crossgate is",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "CPU µs each",
    "unexpected",
  ];
  return `Tokens, ${load === "saturated" ? "saturated" : "one at a time"} (${many}), state in ${places[state]}\n\n${formatTable(header, rows)}`;
}

function formatPart(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function formatSteady(results: readonly SteadyResult[]): string {
  const rows = results.map(({ subject, latencyMilliseconds, unexpected }) => [
    subject,
    formatNumber(latencyMilliseconds.p50),
    formatNumber(latencyMilliseconds.p95),
    formatNumber(latencyMilliseconds.p99),
    String(unexpected),
  ]);
  const title = `Tokens at a steady ${results[0]?.perSecond ?? 0} a second, each timed from when it was due`;
  return `${title}\n\n${formatTable(["", "p50 ms", "p95 ms", "p99 ms", "unexpected"], rows)}`;
}

function formatRefusals({ redemption, kinds }: Refusals): string {
  const title = "Refusals, saturated (32 connections); from the third on, each leaves a durable record";
  const dearer = kinds.filter(({ isCheaper }) => isCheaper === false).map(({ name }) => name);
  const remark = dearer.length === 0 ? "" : `  Dearer than a redemption: ${dearer.join(", ")}.\n`;
  return `${formatCompared(title, [redemption, ...kinds])}${remark}`;
}

function formatColdStarts(results: readonly ColdStart[]): string {
  const rows = results.map((result) => [
    result.subject,
    formatNumber(result.listeningMilliseconds),
    formatNumber(result.firstAnswerMilliseconds),
    formatNumber(result.secondAnswerMilliseconds),
    formatNumber(result.listeningMilliseconds + result.firstAnswerMilliseconds),
  ]);
  const header = ["", "listens ms", "first answer ms", "second ms", "start to first ms"];
  return `Cold starts (new process, empty storage; medians of ${results[0]?.starts ?? 0})\n\n${formatTable(header, rows)}`;
}

function formatPolicy(results: readonly PolicyCost[]): string {
  const rows = results.map((result) => [
    `${result.rules} rules, ${result.kind}${result.groupValues === 0 ? "" : ` (${result.groupValues} group values)`}`,
    formatNumber(result.decisionMicroseconds),
    formatNumber(result.decisionP99Microseconds),
    formatNumber(result.parseMilliseconds),
    formatNumber(result.documentKilobytes),
  ]);
  const header = ["", "decision µs", "p99 µs", "parse ms, once a text", "document KB"];
  return `Policy, in Node; every fifth rule nearly matches, but for a subject, fifty groups or an expression\n\n${formatTable(header, rows)}`;
}

function formatBilling(billing: Billing): string {
  const { bills, expiry, windowSeconds, shards } = billing;
  const operations = Object.keys(DOLLARS_PER_MILLION) as BilledOperation[];
  const rows = operations.map((operation) => [
    OPERATION_LABELS[operation],
    `$${DOLLARS_PER_MILLION[operation]}`,
    ...bills.map((bill) => formatNumber(bill.operations[operation] ?? null)),
  ]);
  const total = ["Dollars per million", "", ...bills.map(({ dollarsPerMillion }) => dollarsPerMillion.toFixed(2))];
  const header = ["operations each", "a million", ...bills.map(({ what }) => what)];
  const arrival = ["arriving", "", ...bills.map(({ arrivedPerSecond }) => `${formatNumber(arrivedPerSecond)}/s`)];
  const statements = [...new Set(bills.flatMap(({ rowsWritten }) => Object.keys(rowsWritten)))];
  const rowsWritten = statements.map((statement) => [
    statement,
    "",
    ...bills.map((bill) => formatNumber(bill.rowsWritten[statement] ?? 0)),
  ]);
  return `Billed operations, counted in the runtime over ${shards} shards; the more arrive, the more share a delivery

${formatTable(header, [arrival, ...rows, total])}
  Of these, rows written in Durable Objects by statement

${formatTable(header, rowsWritten)}
  To forget a window of ${windowSeconds} s, which held ${formatNumber(expiry.rowsHeld)} rows here, costs a shard ${formatNumber(expiry.requests)} request, ${formatNumber(expiry.rowsWritten)} rows
  written and ${formatNumber(expiry.rowsRead)} rows read.

${describeCostPromise(bills)}`;
}

/** Said every time, so that no number travels without it. */
function formatLimits({ machine, stateIsMemory, diskIsDisk, throughput }: Results): string {
  const isBusy = machine.loadBefore > BUSY_LOAD;
  const usesDisk = throughput?.comparisons.some(({ state }) => state === "disk") ?? false;
  const limits = [
    isBusy
      ? `This machine was busy when the bench began (load ${machine.loadBefore.toFixed(1)}): timings are noise, counts are not.`
      : null,
    stateIsMemory ? null : "State said to be in memory was in plain temporary files: this system offers no others.",
    usesDisk && !diskIsDisk ? "State said to be on disk was not: the project lies in memory." : null,
    "This is not Cloudflare's edge. No network, no TLS; Worker, Durable Objects and stand-ins share one process and one",
    "thread, so a ledger is never a hop away and shards cannot show a gain. Compare the subjects; do not quote the rates.",
    "KV, queue, R2, D1, rate limits and counters are stand-ins that answer at once; the consumer runs only for the counts.",
    "A cold start here includes the start of the whole runtime; at the edge the runtime is there and the code is what loads.",
    "Percentiles at saturation are made of queues and of collections of the engine, in the ceiling as in the others.",
    "Prices are list prices beyond what a plan includes. Not counted: duration of Durable Objects, storage, logs, and how",
    "often an isolate of yours starts and reads its documents (four KV reads each 30 s in which it is used).",
    "That dropping a table is billed as the runtime counts it here, which is not at all, is not verified.",
  ];
  return `What these figures are not\n\n${limits.flatMap((line) => (line === null ? [] : `  ${line}\n`)).join("")}`;
}

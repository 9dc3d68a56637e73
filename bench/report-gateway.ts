import type { Figure } from "./figures.ts";
import type { GatewayCalls } from "./gateway-calls.ts";
import type { LedgerRows } from "./ledger-rows.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Compared } from "./rounds.ts";
import { formatNumber, formatTable } from "./table.ts";

const COMPARED_HEADER = ["", "requests/s", "of the first", "p50 ms", "p95 ms", "p99 ms", "CPU µs each", "unexpected"];

function comparedRow(name: string, compared: Compared): readonly string[] {
  const { requestsPerSecond, relative, latencyMilliseconds, processorMicroseconds, unexpected } = compared;
  const { p50, p95, p99 } = latencyMilliseconds;
  return [
    name,
    formatNumber(requestsPerSecond),
    `${Math.round(relative * 100)} %`,
    ...[p50, p95, p99, processorMicroseconds].map(formatNumber),
    String(unexpected),
  ];
}

export function formatCompared(title: string, compared: readonly Compared[]): string {
  const rows = compared.map((each) => comparedRow(each.name, each));
  return `${title}\n\n${formatTable(COMPARED_HEADER, rows)}`;
}

export function formatGateway({ comparisons, steady }: GatewayCalls): string {
  const calls = comparisons.map(({ what, connections, ways }) =>
    formatCompared(`Tool calls, ${what} (${connections} ${connections === 1 ? "connection" : "connections"})`, ways),
  );
  const rows = steady.map(({ way, latencyMilliseconds: { p50, p95, p99 }, unexpected }) => [
    way,
    ...[p50, p95, p99].map(formatNumber),
    String(unexpected),
  ]);
  const title = `Tool calls at a steady ${steady[0]?.perSecond ?? 0} a second, each timed from when it was due`;
  return [...calls, `${title}\n\n${formatTable(["", "p50 ms", "p95 ms", "p99 ms", "unexpected"], rows)}`].join("\n");
}

export function formatStreams(streams: OpenStreams): string {
  const { count, heap, before, filled, atEnd, forwarded } = streams;
  const rows = [
    ["before", formatNumber(before)],
    ["once the engine had filled its heap", formatNumber(filled)],
    [`at the end, with ${formatNumber(forwarded)} MB forwarded`, formatNumber(atEnd)],
  ];
  const title = `Memory of the whole process with ${count} streams through the gateway; the engine may have ${heap} MB`;
  return `${title}\n\n${formatTable(["", "MB"], rows)}`;
}

export function formatLedger(measured: readonly LedgerRows[]): string {
  const rows = measured.map((each) => comparedRow(each.rows.toLocaleString("en"), each));
  const title = "Tokens by how many identifiers the ledgers remember, to a server beside it that remembers the fewest";
  return `${title}\n\n${formatTable(COMPARED_HEADER, rows)}`;
}

export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, target, isMet }) => [
    what,
    value,
    target ?? "",
    isMet === null ? "" : isMet ? "met" : "MISSED",
  ]);
  return `In short\n\n${formatTable(["", "measured", "target", ""], rows)}`;
}

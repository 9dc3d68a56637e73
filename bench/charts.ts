import type { Bar, Chart } from "./bars.ts";
import type { Results } from "./results.ts";
import type { Compared } from "./rounds.ts";
import type { Comparison } from "./throughput.ts";

/** What is easier seen than read, of the sections that were measured. */
export function chartsOf({
  throughput,
  refusals,
  coldStarts,
  billing,
  gateway,
  scaling,
  ledger,
}: Results): readonly Chart[] {
  return [
    ...(throughput?.comparisons ?? []).map(comparisonChart),
    ...(refusals === null ? [] : [refusalChart(refusals.redemption, refusals.kinds)]),
    ...(coldStarts === null ? [] : [coldStartChart(coldStarts)]),
    ...(billing === null ? [] : [priceChart(billing.bills)]),
    ...(gateway?.comparisons ?? []).map(({ what, ways }) => rateChart(`Tool calls: ${what}`, ways)),
    ...(scaling === null ? [] : [rateChart("Tokens by what there is more of", scaling)]),
    ...(ledger === null ? [] : [ledgerChart(ledger)]),
  ];
}

function comparisonChart({ state, load, subjects }: Comparison): Chart {
  return {
    title: `Tokens, ${load === "saturated" ? "saturated" : "one at a time"}, state ${state === "memory" ? "in memory" : "on disk"}`,
    unit: "a second",
    bars: subjects.map(({ subject, requestsPerSecond }) => ({
      name: subject,
      value: requestsPerSecond,
      isOwn: subject === "crossgate",
    })),
  };
}

function refusalChart({ processorMicroseconds: redemption }: Compared, kinds: readonly Compared[]): Chart {
  const bars = kinds.map(({ name, processorMicroseconds }) => ({
    name,
    value: processorMicroseconds ?? Number.NaN,
    isOwn: true,
  }));
  const chart = { title: "Processor time of a refusal", unit: "µs", bars };
  return redemption === null ? chart : { ...chart, mark: { name: "a redemption", value: redemption } };
}

function coldStartChart(starts: NonNullable<Results["coldStarts"]>): Chart {
  const bars = starts.map(({ subject, listeningMilliseconds, firstAnswerMilliseconds }): Bar => {
    return { name: subject, value: listeningMilliseconds + firstAnswerMilliseconds, isOwn: subject === "crossgate" };
  });
  return { title: "From the start of a process to its first answer", unit: "ms", bars };
}

function priceChart(bills: NonNullable<Results["billing"]>["bills"]): Chart {
  const bars = bills.map(({ what, arrivedPerSecond, dollarsPerMillion }): Bar => {
    const isOwn = !what.startsWith("peer");
    return { name: `${what}, ${Math.round(arrivedPerSecond)} a second`, value: dollarsPerMillion, isOwn };
  });
  return { title: "List price of a million", unit: "US$", bars };
}

function rateChart(title: string, compared: readonly Compared[]): Chart {
  const bars = compared.map(({ name, requestsPerSecond }, at) => ({ name, value: requestsPerSecond, isOwn: at > 0 }));
  return { title, unit: "a second", bars };
}

function ledgerChart(measured: NonNullable<Results["ledger"]>): Chart {
  const bars = measured.map(({ rows, relative }) => ({
    name: `${rows.toLocaleString("en")} rows`,
    value: 100 * relative,
    isOwn: true,
  }));
  return { title: "Tokens by how many identifiers the ledgers remember, to those with the fewest", unit: "%", bars };
}

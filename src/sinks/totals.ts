import * as z from "zod";
import { LIMITS } from "../limits.ts";
import type { ArchivedRecord } from "./archived-record.ts";

/** Milliseconds; what took longer is in the last one. */
export const DURATION_BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const;

const seriesSchema = z.strictObject({
  records: z.int(),
  /** How many took so long, by the bounds; empty where none of them says how long it took. */
  durations: z.array(z.int()),
  durationSum: z.number(),
  durationMinimum: z.number(),
  durationMaximum: z.number(),
});

const totalsSchema = z.strictObject({
  sinceMilliseconds: z.int(),
  /** By what they share, as it is spelled below. */
  series: z.record(z.string(), seriesSchema),
});

export type Series = z.output<typeof seriesSchema>;
/** Everything that one sink has counted since it began. */
export type Totals = z.output<typeof totalsSchema>;

/** What a series is of: out of closed sets, since each is kept for good, and nothing about anybody. */
export interface Labels {
  readonly type: string;
  readonly action: string | null;
  readonly decision: string;
  readonly reason: string | null;
}

const OVERFLOW = "overflow";

export function readTotals(text: string, nowMilliseconds: number): Totals {
  return text === "" ? { sinceMilliseconds: nowMilliseconds, series: {} } : totalsSchema.parse(JSON.parse(text));
}

/** null for those that came after there were too many. */
export function labelsOf(name: string): Labels | null {
  if (name === OVERFLOW) return null;
  const [type, action, decision, reason] = JSON.parse(name) as [string, string | null, string, string | null];
  return { type, action, decision, reason };
}

/** The same totals and the same records make the same totals: what has to be sent again counts nothing twice. */
export function addRecords({ sinceMilliseconds, series }: Totals, records: readonly ArchivedRecord[]): Totals {
  const added: Record<string, Series> = { ...series };
  for (const { event } of records) {
    const { type, action, decision, reason } = event ?? UNREAD;
    const wanted = JSON.stringify([type, action, decision, reason]);
    const isFull = !(wanted in added) && Object.keys(added).length >= LIMITS.sinkSeries;
    const name = isFull ? OVERFLOW : wanted;
    added[name] = addRecord(added[name] ?? NONE, event?.duration_milliseconds ?? null);
  }
  return { sinceMilliseconds, series: added };
}

const UNREAD = { type: "unread", action: null, decision: "done", reason: null };
const NONE: Series = { records: 0, durations: [], durationSum: 0, durationMinimum: 0, durationMaximum: 0 };

function addRecord(series: Series, duration: number | null): Series {
  const records = series.records + 1;
  if (duration === null) return { ...series, records };
  const isFirst = series.durations.length === 0;
  const counts = isFirst ? [...DURATION_BOUNDS.map(() => 0), 0] : series.durations;
  // A bucket has its upper bound in it.
  const bound = DURATION_BOUNDS.findIndex((upper) => duration <= upper);
  const bucket = bound === -1 ? DURATION_BOUNDS.length : bound;
  return {
    records,
    durations: counts.map((count, at) => count + (at === bucket ? 1 : 0)),
    durationSum: series.durationSum + duration,
    durationMinimum: isFirst ? duration : Math.min(series.durationMinimum, duration),
    durationMaximum: isFirst ? duration : Math.max(series.durationMaximum, duration),
  };
}

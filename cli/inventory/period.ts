import { UsageError } from "../command-error.ts";

/** @returns the day, as the index counts days: in UTC. @throws UsageError */
export function parseDay(option: string, text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // The thirtieth of February is read as another day.
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw new UsageError(`${option} ${text}: give a day such as 2026-11-21.`);
}

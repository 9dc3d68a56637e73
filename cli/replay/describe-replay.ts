import type { Flip, Replay } from "./replay.ts";

export interface ReplayReport extends Replay {
  readonly where: string;
  readonly days: number;
  readonly unreadable: number;
  readonly is_complete: boolean;
}

const MOST_FLIPS = 100;

export function describeReplay(report: ReplayReport): string {
  const { where, days, recorded, replayed, flips, not_replayed, unreadable, is_complete } = report;
  const flipped = flips.reduce((total, { count }) => total + count, 0);
  const reasons = Object.entries(not_replayed).toSorted(([, a], [, b]) => b - a);
  return `${[
    ...flips.slice(0, MOST_FLIPS).map(describeFlip),
    ...(flips.length > MOST_FLIPS ? [`… and ${flips.length - MOST_FLIPS} kinds more; --json has them all`] : []),
    `${recorded} decisions of ${days} days in ${where}${is_complete ? "" : ", the oldest of more"}: ${replayed} made again, ${flipped} would flip`,
    ...reasons.map(([why, count]) => `not made again: ${count}: ${why}`),
    ...(unreadable === 0 ? [] : [`not made again: ${unreadable}: the record is of another version of crossgate`]),
  ].join("\n")}\n`;
}

function describeFlip(flip: Flip): string {
  const { organization, client, resource, subject, was, is, rules_then, rules_now, count } = flip;
  const times = count === 1 ? "once" : `${count} times`;
  return [
    `FLIPS    ${organization}: ${subject} by ${client} at ${resource}, ${times}`,
    `           was ${was}${by(rules_then)}`,
    `           is  ${is}${by(rules_now)}`,
    `           last at ${flip.last_time}: npx crossgate explain ${flip.last_correlation_id}`,
  ].join("\n");
}

function by(rules: readonly string[]): string {
  return rules.length === 0 ? "" : ` (${rules.join(", ")})`;
}

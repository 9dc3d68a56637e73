import { describe, expect, it } from "vitest";
import { freshnessSeconds } from "../../src/egress/freshness.ts";

const NOW = Date.UTC(2031, 0, 1);
const BOUNDS = { defaultSeconds: 300, minimumSeconds: 60, maximumSeconds: 3600 };

function freshness(headers: Record<string, string>): number {
  return freshnessSeconds(new Headers(headers), NOW, BOUNDS);
}

describe("how long an answer is fresh [CIMD-09]", () => {
  it.each<[string, Record<string, string>, number]>([
    ["nothing said", {}, 300],
    ["max-age", { "cache-control": "max-age=900" }, 900],
    ["max-age among others", { "cache-control": "public, MAX-AGE=900, must-revalidate" }, 900],
    ["max-age in quotes", { "cache-control": 'max-age="900"' }, 900],
    ["s-maxage before max-age", { "cache-control": "max-age=900, s-maxage=120" }, 120],
    ["the first of two", { "cache-control": "max-age=120, max-age=900" }, 120],
    ["a year", { "cache-control": "max-age=31536000" }, 3600],
    ["more digits than a number has", { "cache-control": `max-age=${"9".repeat(40)}` }, 60],
    ["nothing at all", { "cache-control": "max-age=0" }, 60],
    ["a negative age", { "cache-control": "max-age=-900" }, 60],
    ["no number", { "cache-control": "max-age=soon" }, 60],
    ["no-store", { "cache-control": "no-store, max-age=900" }, 60],
    ["no-cache", { "cache-control": "max-age=900, no-cache" }, 60],
    ["private", { "cache-control": "private, max-age=900" }, 60],
    ["time it has spent elsewhere", { "cache-control": "max-age=900", age: "300" }, 600],
    ["more of it than it had", { "cache-control": "max-age=900", age: "1000" }, 60],
    ["expires", { expires: new Date(NOW + 900_000).toUTCString() }, 900],
    [
      "expires, by its own clock",
      { expires: new Date(NOW + 900_000).toUTCString(), date: new Date(NOW + 300_000).toUTCString() },
      600,
    ],
    ["expires in the past", { expires: new Date(NOW - 1000).toUTCString() }, 60],
    ["expires never", { expires: "0" }, 60],
    ["max-age before expires", { expires: new Date(NOW + 900_000).toUTCString(), "cache-control": "max-age=120" }, 120],
  ])("%s", (_name, headers, seconds) => {
    expect(freshness(headers)).toBe(seconds);
  });
});

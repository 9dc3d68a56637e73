export interface FreshnessBounds {
  /** Where the answer does not say. */
  readonly defaultSeconds: number;
  readonly minimumSeconds: number;
  readonly maximumSeconds: number;
}

/**
 * For how long an answer may be relied on (RFC 9111 §4.2), within bounds of our own: the least keeps a document that
 * forbids caching from being fetched for every token, the most keeps one that allows a year from outliving its keys.
 */
export function freshnessSeconds(headers: Headers, nowMilliseconds: number, bounds: FreshnessBounds): number {
  const stated = statedSeconds(headers, nowMilliseconds) ?? bounds.defaultSeconds;
  return Math.min(Math.max(stated - ageOf(headers), bounds.minimumSeconds), bounds.maximumSeconds);
}

function statedSeconds(headers: Headers, nowMilliseconds: number): number | null {
  const directives = readDirectives(headers.get("cache-control") ?? "");
  // Ours is a shared cache.
  if (["no-store", "no-cache", "private"].some((name) => directives.has(name))) return 0;
  const lifetime = directives.get("s-maxage") ?? directives.get("max-age");
  if (lifetime !== undefined) return readSeconds(lifetime) ?? 0;
  const expires = headers.get("expires");
  if (expires === null) return null;
  const from = Date.parse(headers.get("date") ?? "");
  const seconds = (Date.parse(expires) - (Number.isNaN(from) ? nowMilliseconds : from)) / 1000;
  return Number.isNaN(seconds) ? 0 : Math.max(0, Math.floor(seconds));
}

function ageOf(headers: Headers): number {
  return readSeconds(headers.get("age") ?? "") ?? 0;
}

/** The first of a directive that comes twice; a value that is no number reads as stale (RFC 9111 §4.2.1). */
function readDirectives(text: string): ReadonlyMap<string, string> {
  const parts = text.split(",").map((part) => part.trim().split("="));
  return new Map(
    parts
      .map(([name = "", value = ""]): [string, string] => [name.toLowerCase(), value.replaceAll('"', "")])
      .toReversed(),
  );
}

function readSeconds(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

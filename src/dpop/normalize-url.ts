/** RFC 3986 §3, of http and https, without user information, query or fragment: what no two parsers read differently. */
const ABSOLUTE =
  /^(https?):\/\/([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::(|0|[1-9]\d{0,4}))?((?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*)$/i;
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ["http", "80"],
  ["https", "443"],
]);

/**
 * Syntax- and scheme-based normalization (RFC 3986 §6.2.2-6.2.3) and nothing else: the case of scheme and host, the
 * default port, the case of percent-encodings, dot segments, the empty path. A browser's parser folds far more:
 * backslashes, tabs, missing slashes, numbers that are addresses. @returns null for a text that is no such URL.
 */
export function normalizeUrl(text: string): string | null {
  const [, scheme, host, port, path] = ABSOLUTE.exec(text) ?? [];
  if (scheme === undefined || host === undefined || path === undefined) return null;
  const isDefaultPort = (port ?? "") === "" || port === DEFAULT_PORTS.get(scheme.toLowerCase());
  const authority = `${host.toLowerCase()}${isDefaultPort ? "" : `:${port}`}`;
  return `${scheme.toLowerCase()}://${authority}${normalizePath(path)}`;
}

/** Of the characters that a path may have, the parser changes none and takes out dot segments, which is all we want of it. */
function normalizePath(path: string): string {
  const { pathname } = new URL(`https://any.invalid${path}`);
  return pathname.replace(/%[0-9a-f]{2}/gi, (encoded) => encoded.toUpperCase());
}

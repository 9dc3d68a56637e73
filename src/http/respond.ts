/** On everything that holds a token or a decision about one. */
const NO_STORE = { "cache-control": "no-store", pragma: "no-cache" } as const;

const HARDENED = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

export function respondJson(status: number, body: unknown, headers: HeadersInit = {}): Response {
  const all = new Headers({ ...NO_STORE, ...HARDENED, "content-type": "application/json" });
  new Headers(headers).forEach((value, name) => all.set(name, value));
  return new Response(JSON.stringify(body), { status, headers: all });
}

export function respondHtml(status: number, body: string, headers: HeadersInit = {}): Response {
  const all = new Headers({ ...NO_STORE, ...HARDENED, "content-type": "text/html; charset=utf-8" });
  new Headers(headers).forEach((value, name) => all.set(name, value));
  return new Response(body, { status, headers: all });
}

/** On everything that holds a token or a decision about one. */
const NO_STORE = { "cache-control": "no-store", pragma: "no-cache" } as const;

const HARDENED = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Names in lower case, so that one given here takes the place of ours of that name. */
export type ResponseHeaders = Readonly<Record<Lowercase<string>, string>>;

export function respondJson(status: number, body: unknown, headers: ResponseHeaders = {}): Response {
  return respond(status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

export function respondEmpty(status: number, headers: ResponseHeaders = {}): Response {
  return new Response(null, { status, headers: { ...NO_STORE, ...HARDENED, ...headers } });
}

/** As `content-type` says. */
export function respondText(
  status: number,
  body: string,
  headers: ResponseHeaders & { readonly "content-type": string },
): Response {
  return respond(status, body, headers);
}

export function respondHtml(status: number, body: string, headers: ResponseHeaders = {}): Response {
  return respond(status, body, { "content-type": "text/html; charset=utf-8", ...headers });
}

function respond(status: number, body: string, headers: ResponseHeaders): Response {
  return new Response(body, { status, headers: { ...NO_STORE, ...HARDENED, ...headers } });
}

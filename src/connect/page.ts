import { respondHtml } from "../http/respond.ts";
import { html, type Markup } from "./html.ts";

/**
 * Nothing but our own style sheet, forms that lead to us alone, in nobody's frame. `same-origin` rather than
 * `no-referrer`, under which browsers send "Origin: null" even to ourselves, and nobody could tell our form from another.
 */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "interest-cohort=()",
} as const;

interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: Markup;
  /** Where the browser goes on by itself. */
  readonly goesOnTo?: string;
  readonly cookie?: string;
}

export function respondPage({ status, title, body, goesOnTo, cookie }: Page): Response {
  const refresh = goesOnTo === undefined ? html`` : html`<meta http-equiv="refresh" content="0;url=${goesOnTo}" />`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        ${refresh}
        <title>${title}</title>
        <link rel="stylesheet" href="/connect/style.css" />
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `;
  return respondHtml(status, page.text, { ...HEADERS, ...(cookie === undefined ? {} : { "set-cookie": cookie }) });
}

/** 303: whatever brought the browser here, it goes on with GET and leaves its body behind (RFC 9700 §4.12). */
export function goTo(location: string, cookie: string): Response {
  const headers = { location, "set-cookie": cookie, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return new Response(null, { status: 303, headers });
}

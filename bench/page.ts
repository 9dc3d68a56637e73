import { html, type Markup } from "../src/connect/html.ts";
import { barChart } from "./bars.ts";
import { chartsOf } from "./charts.ts";
import { type Figure, figuresOf } from "./figures.ts";
import { formatReport } from "./report.ts";
import type { Results } from "./results.ts";

/** The results as a page that stands alone: no script, nothing fetched. */
export function formatPage(results: Results): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Crossgate: benchmark of ${results.at.slice(0, 10)}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>Crossgate: benchmark of ${results.at.slice(0, 10)}</h1>
        ${figureTable(figuresOf(results))} ${chartsOf(results).map(barChart)}
        <h2>Everything that was measured</h2>
        <pre>${formatReport(results).trim()}</pre>
      </body>
    </html> `;
  return page.text;
}

const STYLE = `
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1b1b; margin: 2em auto; max-width: 64em; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #bbb; padding: 4px 8px; text-align: left }
th { background: #eee } td.met { background: #e3f4e3 } td.missed { background: #fbe3e1; font-weight: 600 }
figure { margin: 2em 0 } figcaption { font-weight: 600; margin-bottom: 6px } svg { max-width: 100%; height: auto }
svg text { font-size: 12px } rect.own { fill: #2f6fb2 } rect.other { fill: #b9c4d0 }
line { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 4 3 }
pre { font-size: 11px; overflow-x: auto; background: #f7f7f7; padding: 8px }
`;

function figureTable(figures: readonly Figure[]): Markup {
  const rows = figures.map(({ what, value, target, isMet }) => {
    const verdict = isMet === null ? "" : isMet ? "met" : "missed";
    return html`<tr>
      <td>${what}</td>
      <td>${value}</td>
      <td>${target ?? ""}</td>
      <td class="${verdict}">${verdict}</td>
    </tr> `;
  });
  return html`<table>
    <thead>
      <tr>
        <th>figure</th>
        <th>measured</th>
        <th>target</th>
        <th></th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table> `;
}

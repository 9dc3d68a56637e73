import { html, type Markup } from "../src/connect/html.ts";
import { formatNumber } from "./table.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Ours, among others. */
  readonly isOwn?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  /** A line across all bars: what they are to reach, or not to pass. */
  readonly mark?: { readonly name: string; readonly value: number };
}

const NAME_WIDTH = 230;
const BAR_WIDTH = 460;
const VALUE_WIDTH = 150;
const ROW_HEIGHT = 22;
const WIDTH = NAME_WIDTH + BAR_WIDTH + VALUE_WIDTH;

/** Horizontal bars from zero. What could not be measured has none. */
export function barChart({ title, unit, bars, mark }: Chart): Markup {
  const known = [...bars.map(({ value }) => value), mark?.value ?? 0].filter((value) => Number.isFinite(value));
  const scale = BAR_WIDTH / Math.max(...known, Number.MIN_VALUE);
  const height = bars.length * ROW_HEIGHT + (mark === undefined ? 0 : ROW_HEIGHT);
  const rows = bars.map((bar, at) => row(bar, { y: at * ROW_HEIGHT, scale, unit }));
  const line = mark === undefined ? [] : [markLine(mark, { x: NAME_WIDTH + mark.value * scale, height, unit })];
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg
      viewBox="0 0 ${String(WIDTH)} ${String(height)}"
      width="${String(WIDTH)}"
      height="${String(height)}"
      role="img"
      aria-label="${title}"
    >
      ${rows}${line}
    </svg>
  </figure> `;
}

interface Place {
  readonly y: number;
  readonly scale: number;
  readonly unit: string;
}

function row({ name, value, isOwn = false }: Bar, { y, scale, unit }: Place): Markup {
  const width = Number.isFinite(value) ? Math.max(value * scale, 1) : 0;
  const [top, text] = [String(y + 3), String(y + ROW_HEIGHT - 7)];
  return html`<text x="${String(NAME_WIDTH - 8)}" y="${text}" text-anchor="end">${name}</text>
    <rect
      x="${String(NAME_WIDTH)}"
      y="${top}"
      width="${width.toFixed(1)}"
      height="${String(ROW_HEIGHT - 6)}"
      class="${isOwn ? "own" : "other"}"
    />
    <text x="${(NAME_WIDTH + width + 6).toFixed(1)}" y="${text}">${formatNumber(value)} ${unit}</text> `;
}

function markLine(
  { name, value }: NonNullable<Chart["mark"]>,
  { x, height, unit }: { readonly x: number; readonly height: number; readonly unit: string },
): Markup {
  const at = x.toFixed(1);
  return html`<line x1="${at}" y1="0" x2="${at}" y2="${String(height - ROW_HEIGHT + 4)}" />
    <text x="${at}" y="${String(height - 6)}" text-anchor="middle">${name}: ${formatNumber(value)} ${unit}</text> `;
}
